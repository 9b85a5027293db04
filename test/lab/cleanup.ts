// What makes sure that no lab outlives its process. In: what to do at an exit or a signal; out: a way to call
// it off. Also removes what a process left that was killed without a chance to clean up.

import { readdir, rmdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { namespacesOf, removeNamespacesNow } from './namespaces.js'

const cleaners = new Set<() => void>()

/** The beginning of the names of all that belongs to this process's n-th lab. */
export function labPrefix(n: number): string {
  return `ml${process.pid}x${n}-`
}

/**
 * Where the box's root is mounted, in the box's own mount namespace; an empty directory for everybody else.
 */
export function boxPlace(prefix: string): string {
  return join(tmpdir(), `${prefix}root`)
}

/** Calls `clean` when this process exits or is interrupted, until the function that is returned is called. */
export function uponExit(clean: () => void): () => void {
  if (cleaners.size === 0) watch()
  cleaners.add(clean)
  return () => cleaners.delete(clean)
}

let watching = false

function watch(): void {
  if (watching) return
  watching = true
  process.once('exit', cleanNow)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGALRM'] as const) {
    process.once(signal, () => {
      cleanNow()
      process.kill(process.pid, signal)
    })
  }
}

function cleanNow(): void {
  for (const clean of cleaners) clean()
  cleaners.clear()
}

/** Removes namespaces and directories of labs whose process is gone. */
export async function removeAbandoned(): Promise<void> {
  const abandoned = (name: string): boolean => {
    const id = /^ml(\d+)x\d+-/.exec(name)?.[1]
    return id !== undefined && !existsSync(`/proc/${id}`)
  }
  removeNamespacesNow((await namespacesOf('ml')).filter(abandoned))
  for (const name of (await readdir(tmpdir())).filter(abandoned)) {
    await rmdir(join(tmpdir(), name)).catch(() => undefined)
  }
}
