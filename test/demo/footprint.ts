// What a lab occupies on this machine, and what of it is left once it is closed. In: how its names begin;
// out: lines, none if nothing is left. Looks for itself: the lab's own account is not asked.

import { readdir, readFile, readlink, rmdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lab } from '../lab/network.js'

export interface Footprint {
  /** how the names of its namespaces and directories begin */
  readonly prefix: string
  /** "net:[4026532…]" of each of its namespaces */
  readonly networks: ReadonlySet<string>
  /** the box's process 1: the last to end, and no more in any network by then */
  readonly holder?: number
}

const namespaceFolder = '/run/netns'

/** To be called while the lab is up: without its networks, processes that outlive them cannot be found. */
export async function footprintOf(lab: Lab, prefix: string): Promise<Footprint> {
  const names = await named(namespaceFolder, prefix)
  const inodes = await Promise.all(names.map(async (name) => (await stat(join(namespaceFolder, name))).ino))
  return { prefix, networks: new Set(inodes.map((inode) => `net:[${inode}]`)), holder: lab.box.holder }
}

/** What is still there: namespaces, processes in them, mounts, directories. */
export async function leftOf({ prefix, networks, holder }: Footprint): Promise<string[]> {
  const mounted = await readFile('/proc/self/mountinfo', 'utf8')
  const mounts = mounted.split('\n').filter((line) => line.includes(prefix))
  return [
    ...(await named(namespaceFolder, prefix)).map((name) => `network namespace ${name}`),
    ...(await processesOf(networks, holder)).map((id) => `process ${id}`),
    ...mounts.map((line) => `mount ${line.split(' ')[4]}`),
    ...(await named(tmpdir(), prefix)).map((name) => `directory ${join(tmpdir(), name)}`),
  ]
}

/** Removes the empty directories that an interrupted lab leaves. */
export async function removeFolders({ prefix }: Footprint): Promise<void> {
  for (const name of await named(tmpdir(), prefix)) await rmdir(join(tmpdir(), name)).catch(() => undefined)
}

async function named(folder: string, prefix: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefix))
}

async function processesOf(networks: ReadonlySet<string>, holder?: number): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const homes = await Promise.all(ids.map((id) => readlink(`/proc/${id}/ns/net`).catch(() => '')))
  return ids.filter((id, n) => networks.has(homes[n] ?? '') || Number(id) === holder)
}
