// Measurements 1 and 2: instructions per new connection, packet and kilobyte, of the whole lab (client, box and
// server), in rounds: in each every contender once, in a new order, and its ratio to the first one's of that round.

import { shuffled } from './order.js'
import type { Machine } from './machine/machine.js'
import { spread, type Spread } from './statistics.js'

export interface Load {
  readonly name: string
  readonly title: string
  /** where the client is, and the arguments of guest/measure after the contender's name */
  readonly words: string
  readonly per: 'connection' | 'packet' | 'kilobyte'
  /** segments of TCP that the devices take as one packet; without: as Linux ships it */
  readonly segments?: number
}

export const loads: readonly Load[] = [
  { name: 'own', title: 'new connection of the box, ab to nginx', words: 'box browse 60', per: 'connection' },
  { name: 'forwarded', title: 'new connection, forwarded, ab to nginx', words: 'lan browse 60', per: 'connection' },
  { name: 'own-bare', title: 'bare new connection of the box', words: 'box connect 60', per: 'connection' },
  { name: 'forwarded-bare', title: 'bare new connection, forwarded', words: 'lan connect 60', per: 'connection' },
  { name: 'bulk1', title: 'bulk TCP, 1 connection', words: 'lan bulk 1 10000000', per: 'kilobyte' },
  { name: 'bulk12', title: 'bulk TCP, 12 connections', words: 'lan bulk 12 10000000', per: 'kilobyte' },
  {
    name: 'bulk1-segments',
    title: 'bulk TCP in single segments, 1 connection',
    words: 'lan bulk 1 2000000',
    per: 'packet',
    segments: 1,
  },
  {
    name: 'bulk12-segments',
    title: 'bulk TCP in single segments, 12 connections',
    words: 'lan bulk 12 2000000',
    per: 'packet',
    segments: 1,
  },
  { name: 'datagrams', title: 'small UDP, forwarded', words: 'lan datagrams 12 600', per: 'packet' },
]

export interface Cost {
  readonly load: string
  readonly contender: string
  /** instructions a connection, packet or kilobyte */
  readonly instructions: Spread
  /** to the first contender's of the same round */
  readonly ratio: Spread
}

/** Linux's own limit, of a device that says nothing. */
const mostSegments = 65535

/** One load of one lab: instructions a connection, packet or kilobyte. */
async function measure(machine: Machine, lab: string, { words, per }: Load): Promise<number> {
  const [place, ...rest] = words.split(' ')
  const said = await machine.run(`/bench/measure ${lab} ${place} ${rest.join(' ')}`)
  const [took = 0, idle = 0, units = 0, packets = 0] = said.trim().split(' ').map(Number)
  const count = { packet: packets, connection: units, kilobyte: units / 1000 }[per]
  if (!(count > 0)) throw new Error(`${lab}, ${words}: nothing was measured: ${said}`)
  return (took - idle) / count
}

/** `labs` are up; what they are called is what the results call them. */
export async function measureCosts(
  machine: Machine,
  labs: readonly string[],
  chosen: readonly Load[],
  rounds: number,
  random: (end: number) => number,
): Promise<Cost[]> {
  const setSegments = async (count: number): Promise<void> => {
    for (const lab of labs) await machine.run(`/bench/lab segments ${lab} ${count}`)
  }
  const values = new Map<string, number[]>()
  const key = (load: Load, lab: string): string => `${load.name} ${lab}`
  for (const load of chosen) {
    if (load.segments !== undefined) await setSegments(load.segments)
    // Once uncounted: what only a first connection does, and files that are read for the first time.
    for (const lab of labs) await measure(machine, lab, load)
    for (let round = 0; round < rounds; round++) {
      for (const lab of shuffled(labs, random)) {
        const list = values.get(key(load, lab)) ?? []
        list.push(await measure(machine, lab, load))
        values.set(key(load, lab), list)
      }
    }
    if (load.segments !== undefined) await setSegments(mostSegments)
  }
  return chosen.flatMap((load) => {
    const first = values.get(key(load, labs[0] as string)) ?? []
    return labs.map((lab) => {
      const own = values.get(key(load, lab)) ?? []
      const ratios = own.map((value, round) => value / (first[round] ?? Number.NaN))
      return { load: load.name, contender: lab, instructions: spread(own), ratio: spread(ratios) }
    })
  })
}
