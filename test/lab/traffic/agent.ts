// The traffic program: lives in one namespace of the lab, serves and connects as it is told over the IPC
// channel, and ends with it. In: { id, method, argument }; out: { id, result } or { id, error }.

import { clients } from './clients.js'
import { servers } from './servers.js'
import { strandedClients } from './stranded.js'
import { streamClients } from './streams.js'

export const methods = { ...servers, ...clients, ...streamClients, ...strandedClients }
export type Methods = typeof methods

export interface Request {
  readonly id: number
  readonly method: keyof Methods
  readonly argument: unknown
}

export interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

const calls = methods as unknown as Record<keyof Methods, (argument: unknown) => unknown>

process.on('disconnect', () => process.exit(0))
process.on('message', (request: Request) => {
  const call = calls[request.method]
  const reply = (rest: Omit<Reply, 'id'>): void => {
    process.send?.({ id: request.id, ...rest })
  }
  void (async () => reply({ result: await call(request.argument) }))().catch((failure: unknown) => {
    reply({ error: String(failure) })
  })
})
process.send?.({ id: 0 })
