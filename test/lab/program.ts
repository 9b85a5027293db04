// Programs that run beside a test until they are closed: servers, relays, the box's services. In: the program's words,
// with what puts it into a namespace or the box; out: a way to end it, which also says if it ended by itself.

import { execa } from 'execa'
import { cleanEnvironment } from './namespaces.js'
import { until } from './wait.js'

export interface Program {
  /** what it printed so far, stdout and stderr */
  printed(): string
  /** ends it; throws with what it printed if it has ended by itself before */
  close(): Promise<void>
}

/** Resolves once `ready` is among what it prints; without `ready`, at once. `end` ends one that a signal does not. */
export async function startProgram(
  words: readonly string[],
  ready?: string,
  end?: () => Promise<unknown>,
): Promise<Program> {
  const [file, ...args] = words as [string, ...string[]]
  const program = execa(file, args, {
    env: cleanEnvironment,
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
  })
  let text = ''
  program.all.on('data', (chunk: Buffer) => (text += chunk.toString()))
  let ended = false
  void program.then(() => (ended = true))
  const failure = (): Error => new Error(`${words.join(' ')} ended: ${text}`)
  if (ready !== undefined) {
    await until(`${words.join(' ')} prints ${ready}`, () => {
      if (ended) throw failure()
      return text.includes(ready)
    })
  }
  return {
    printed: () => text,
    close: async () => {
      if (ended) throw failure()
      if (end === undefined) program.kill('SIGTERM')
      else await end()
      await until(`${words.join(' ')} has ended`, () => ended)
    },
  }
}
