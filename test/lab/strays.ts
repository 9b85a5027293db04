// Packets that belong to no connection, from the box or a LAN host, until the test has seen enough. In: the lab and
// what is to be sent; out: how many were sent so far, and a way to end it.

import { fileURLToPath } from 'node:url'
import { within } from './namespaces.js'
import type { Lab, Place } from './network.js'
import { startProgram } from './program.js'
import { until } from './wait.js'

const script = fileURLToPath(new URL('raw-packets.py', import.meta.url))

export interface StrayOptions {
  readonly perSecond: number
  readonly source: string
  readonly servers: readonly string[]
  /** source ports that most of them have */
  readonly ports?: readonly number[]
  /** as raw-packets.py names them; default: all */
  readonly kinds?: readonly string[]
}

export interface Strays {
  sent(): number
  /** waits until so many more were sent */
  more(count: number): Promise<void>
  close(): Promise<void>
}

/** Resolves once the first was sent. */
export async function startStrays(lab: Lab, place: Place, options: StrayOptions): Promise<Strays> {
  const { perSecond, source, servers, ports = [], kinds = [] } = options
  const words = [String(perSecond), source, servers.join(), ports.join(), ...(kinds.length > 0 ? [kinds.join()] : [])]
  const program = await startProgram(within(lab.namespace(place), ['/usr/bin/python3', script, ...words]), '.')
  const sent = (): number => program.printed().length
  return {
    sent,
    more: async (count) => {
      const enough = sent() + count
      await until(`${count} strays more are sent`, () => sent() >= enough)
    },
    close: () => program.close(),
  }
}
