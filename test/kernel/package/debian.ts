// A throwaway Debian 12 for one test: Debian's own files and Node, a network of its own, gone when the test ends.

import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { Test } from 'tap'
import { commandLimit, fileLimit, installLimit } from '../../limits.js'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The package under test, as `npm run deb` leaves it. */
export const deb = here('../../../dist/multilink.deb')

/** What test/debian-root calls a Debian 12 with what the .deb depends on: with ifupdown, or with one of the others. */
export type DebianKind = 'package' | 'ifupdown2' | 'ifupdown-ng'

/** The directory of one; not to be written to. */
export const debianRoot = async (kind: DebianKind = 'package') =>
  (await execa(here('../../debian-root'), [kind], { timeout: installLimit })).stdout

export interface Debian {
  /** Runs a script of sh -eu inside; answers what it printed, both outputs together. Fails as the script fails. */
  sh(script: string): Promise<string>
  /** Puts a file of this machine into its /root. */
  take(file: string): Promise<void>
}

/** Starts one and ends it with the test. */
export async function startDebian(t: Test, kind: DebianKind = 'package'): Promise<Debian> {
  const root = await debianRoot(kind)
  const place = await mkdtemp(path.join(tmpdir(), 'multilink-package-'))
  const held = ['--mount', '--net', '--pid', '--fork', '--kill-child', here('throwaway'), root, place,
    String(fileLimit / 1000)]
  const holder = execa('unshare', held, { reject: false, timeout: fileLimit })
  t.teardown(async () => {
    holder.kill('SIGKILL')
    await holder
    await rm(place, { recursive: true })
  })
  await new Promise<void>((ready, failed) => {
    holder.stdout.once('data', () => ready())
    void holder.then((ended) => failed(new Error(`no throwaway Debian: ${ended.stderr}`)))
  })

  const children = await readFile(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8')
  const first = children.trim()
  // env -i: the test runner instruments every Node that inherits its environment
  const clean = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'DEBIAN_FRONTEND=noninteractive']
  const target = ['--target', first, '--mount', '--net', '--pid', '--root', '--wd']
  const inside = [...target, '--', ...clean, 'sh', '-euc']
  return {
    sh: async (script) => {
      const options = { all: true, stdin: 'ignore', reject: false, timeout: commandLimit } as const
      const { failed, shortMessage, all } = await execa('nsenter', [...inside, script], options)
      if (failed) throw new Error(`${shortMessage}\n${all}`)
      return all
    },
    take: async (file) => copyFile(file, `/proc/${first}/root/root/${path.basename(file)}`),
  }
}

/** Installs a .deb of this machine with apt, which cannot ask and has no network to fetch from. */
export async function install(debian: Debian, file: string): Promise<string> {
  await debian.take(file)
  return debian.sh(`apt-get install -y /root/${path.basename(file)}`)
}
