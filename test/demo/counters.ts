// How much came in over each link so far. In: a process of the box; out: bytes, packets whole, as the box's
// interfaces counted them: what a gateway sends and what its link's interface receives is the same. Reads one
// file, at once: a program started for it would be late on a busy machine, and short rates wrong.

import { readFileSync } from 'node:fs'
import { links } from '../lab/topology.js'

export const linkNames = links.map(({ name }) => name)
export type PerLink = Record<string, number>

/** `holder` is any process in the box's network. */
export function readCounters(holder: number): PerLink {
  const text = readFileSync(`/proc/${holder}/net/dev`, 'utf8')
  return perLink((name) => {
    const received = new RegExp(`^ *${name}: *(\\d+)`, 'm').exec(text)?.[1]
    if (received === undefined) throw new Error(`the box has no ${name}`)
    return Number(received)
  })
}

export function perLink(value: (name: string, n: number) => number): PerLink {
  return Object.fromEntries(linkNames.map((name, n) => [name, value(name, n)]))
}

export function sumOf(values: PerLink): number {
  return linkNames.reduce((sum, name) => sum + (values[name] ?? 0), 0)
}

/** How much more each is now. */
export function since(before: PerLink, now: PerLink): PerLink {
  return perLink((name) => (now[name] ?? NaN) - (before[name] ?? NaN))
}
