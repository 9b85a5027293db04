// Waiting for a condition, bounded. In: a question and a time limit; out: its first truthy answer, or an
// error.

import { setTimeout as pause } from 'node:timers/promises'
import { waitLimit } from '../limits.js'

/** Asks again every `every` ms until the answer is truthy; throws `what`, as it is then, after `limit` ms. */
export async function until<T>(
  what: string | (() => string),
  ask: () => T | Promise<T>,
  { limit = waitLimit, every = 20 }: { limit?: number; every?: number } = {},
): Promise<NonNullable<T>> {
  const end = performance.now() + limit
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > end) {
      throw new Error(`waited ${limit} ms in vain: ${typeof what === 'string' ? what : what()}`)
    }
    await pause(every)
  }
}
