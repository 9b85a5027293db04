// The lock that all of multilink's shell takes (hooks/lib/records.sh), for an apply as a whole: from the reading of the
// numbers to the end of the install.

import { execa, type Options } from 'execa'
import { mkdir, open, readFile, readlink } from 'node:fs/promises'
import { SystemError } from '../errors.js'

/** An open file that is locked for as long as anybody has it open; `descriptor` is this process's. */
export interface Lock {
  readonly descriptor: Descriptor
}

/** Any number. (Of those that execa takes its types know the first only.) */
type Descriptor = 3

const state = '/run/multilink'
/** As long as the shell waits, in seconds. */
const patience = 60
/** Does `work` while the lock is held. Throws a SystemError if that cannot be had; then nothing was done. */
export async function underLock<T>(work: (lock: Lock) => Promise<T>): Promise<T> {
  await refuseElsewhere()
  const file = await openLock()
  try {
    // flock(2) locks the open file, not the process: it stays locked when flock(1) has ended.
    const descriptor = file.fd as Descriptor
    const stdio = ['ignore', 'pipe', 'pipe', descriptor] as const
    const result = await execa('flock', ['--wait', String(patience), '3'], { stdio, reject: false })
    if (result.failed) {
      throw new SystemError(`another multilink has held ${state}/.lock for ${patience} seconds; nothing was changed`)
    }
    return await work({ descriptor })
  } finally {
    await file.close()
  }
}

/** What a program of the shell library is run with, so that it knows that the lock is held, and holds it too. */
export function passOn({ descriptor }: Lock) {
  const upTo8 = ['ignore', 'ignore', 'ignore', 'ignore', 'ignore', 'ignore'] as const
  return {
    stdio: ['ignore', 'pipe', 'pipe', ...upTo8, descriptor], // 9, as which the shell has it
    env: { MULTILINK_LOCKED: 'yes' },
  } satisfies Options
}

async function openLock() {
  try {
    await mkdir(state, { recursive: true })
    return await open(`${state}/.lock`, 'a', 0o600)
  } catch (error) {
    throw new SystemError(`${state}/.lock cannot be opened (${(error as Error).message}); nothing was changed`)
  }
}

/** As refuse_elsewhere in hooks/lib/records.sh, before anything is written. */
async function refuseElsewhere(): Promise<void> {
  const home = await readFile(`${state}/.netns`, 'utf8').catch(() => '') // it was not loaded yet
  if (home === '' || home.trim() === (await readlink('/proc/self/ns/net'))) return
  throw new SystemError(
    `${state} is that of another network namespace, so nothing was changed; if there is none any more, remove ${state}`,
  )
}
