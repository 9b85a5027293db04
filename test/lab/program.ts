// Programs of this machine that a test runs in a namespace until it is closed: servers, relays. In: a namespace and the
// program's words; out: a way to end it, which also says if it ended by itself.

import { execa } from 'execa'
import { cleanEnvironment, within } from './namespaces.js'
import { until } from './wait.js'

export interface Program {
  /** what it printed so far, stdout and stderr */
  printed(): string
  /** ends it; throws with what it printed if it has ended by itself before */
  close(): Promise<void>
}

/** Resolves once `ready` is among what it prints; without `ready`, at once. */
export async function startProgram(namespace: string, words: readonly string[], ready?: string): Promise<Program> {
  const [file, ...args] = within(namespace, words) as [string, ...string[]]
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
    await until(`${words[0]} prints ${ready}`, () => {
      if (ended) throw failure()
      return text.includes(ready)
    })
  }
  return {
    printed: () => text,
    close: async () => {
      if (ended) throw failure()
      program.kill('SIGTERM')
      await until(`${words[0]} has ended`, () => ended)
    },
  }
}
