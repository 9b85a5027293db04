// The contenders: what each is called, the script in contenders/ that sets it up, and what it can. In the counting
// machine each has a lab of its own, see guest/lab.

import type { Machine } from './machine/machine.js'

export interface Contender {
  readonly name: string
  /** a script of contenders/ and its arguments */
  readonly script: string
  /** uses all links, or only the first */
  readonly balances: boolean
}

export const contenders: readonly Contender[] = [
  { name: 'single', script: 'single', balances: false },
  { name: 'plain', script: 'plain', balances: false },
  { name: 'ecmp', script: 'ecmp', balances: true },
  { name: 'ifupdown-multi', script: 'ifupdown-multi', balances: true },
  { name: 'howto', script: 'howto', balances: true },
  { name: 'shorewall', script: 'shorewall', balances: true },
  { name: 'nth', script: 'multilink nth', balances: true },
  { name: 'random', script: 'multilink random', balances: true },
  { name: 'hash', script: 'multilink hash', balances: true },
]

export function named(...names: string[]): Contender[] {
  return contenders.filter(({ name }) => names.includes(name))
}

/** Makes its lab, with so many links of these weights (1 where there is none), and sets it up. */
export async function raise(
  machine: Machine,
  { script }: Contender,
  lab: string,
  links = 3,
  weights: readonly number[] = [],
): Promise<void> {
  await machine.run(`/bench/lab up ${lab} ${links} ${weights.join(' ')}`)
  // It translates nothing, so the far end needs a way back to the LAN.
  if (script === 'plain') await machine.run(`ip -n ${lab}-far route add 10.1.1.0/24 via 192.168.1.2`)
  await machine.run(`/bench/lab box ${lab} sh /bench/contenders/${script}`)
}

export async function lower(machine: Machine, lab: string): Promise<void> {
  await machine.run(`/bench/lab down ${lab}`)
}
