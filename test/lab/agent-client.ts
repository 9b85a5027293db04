// Starts the traffic program in a namespace and calls its methods. In: a namespace; out: an Agent whose
// `call` is typed by traffic/agent.ts. close() ends the program.

import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { execa } from 'execa'
import { limitsEnvironment } from '../limits.js'
import { cleanEnvironment, within } from './namespaces.js'
import type { Methods, Reply } from './traffic/agent.js'

type Argument<M extends keyof Methods> = Parameters<Methods[M]>
type Result<M extends keyof Methods> = Awaited<ReturnType<Methods[M]>>

export interface Agent {
  /** calls a method of the traffic program; throws what it throws */
  call<M extends keyof Methods>(method: M, ...argument: Argument<M>): Promise<Result<M>>
  close(): Promise<void>
}

interface Waiting {
  resolve(value: unknown): void
  reject(failure: Error): void
}

let built: Promise<string> | undefined

/**
 * The program as one script: starts in a tenth of the time that a TypeScript loader takes in every namespace.
 */
async function program(): Promise<string> {
  const entry = fileURLToPath(new URL('traffic/agent.ts', import.meta.url))
  const options = { bundle: true, write: false, platform: 'node', format: 'cjs', target: 'node20' } as const
  const { outputFiles } = await build({ entryPoints: [entry], ...options })
  return outputFiles[0]?.text ?? ''
}

/** Resolves once the program is ready to be called. */
export async function startAgent(namespace: string): Promise<Agent> {
  built ??= program()
  const command = within(namespace, [process.execPath, '--eval', await built])
  const [file, ...args] = command as [string, ...string[]]
  const options = {
    env: { ...cleanEnvironment, ...limitsEnvironment },
    extendEnv: false,
    ipc: true,
    buffer: false,
    reject: false,
  } as const
  const agent = execa(file, args, options)
  let complaint = ''
  agent.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))

  const waiting = new Map<number, Waiting>()
  const answer = (id: number): Promise<unknown> =>
    new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  const ready = answer(0)
  agent.on('message', (message) => {
    const { id, result, error } = message as unknown as Reply
    const caller = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) caller?.resolve(result)
    else caller?.reject(new Error(error))
  })
  agent.on('exit', () => {
    for (const caller of waiting.values()) caller.reject(new Error(`the traffic program ended: ${complaint}`))
  })
  await ready

  let count = 0
  return {
    call: async (method, ...argument) => {
      const id = ++count
      const reply = answer(id)
      agent.send({ id, method, argument: argument[0] })
      return (await reply) as never
    },
    close: async () => {
      agent.disconnect()
      await agent
    },
  }
}
