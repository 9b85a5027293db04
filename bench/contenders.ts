// The contenders: what each is called, the script in contenders/ that sets it up, and what it can. In the counting
// machine each has a lab of its own, see guest/lab.

import type { Machine } from './machine/machine.js'

export interface Contender {
  readonly name: string
  /** a script of contenders/ and its arguments */
  readonly script: string
  /** has a way of its own to choose among links */
  readonly chooses: boolean
}

export const contenders: readonly Contender[] = [
  { name: 'single', script: 'single', chooses: false },
  { name: 'single-13', script: 'single 13', chooses: false },
  { name: 'plain', script: 'plain', chooses: false },
  { name: 'ecmp', script: 'ecmp', chooses: true },
  { name: 'ifupdown-multi', script: 'ifupdown-multi', chooses: true },
  { name: 'least', script: 'least', chooses: false },
  { name: 'howto', script: 'howto', chooses: true },
  { name: 'shorewall', script: 'shorewall', chooses: true },
  { name: 'nth', script: 'multilink nth', chooses: true },
  { name: 'nth-offload', script: 'multilink nth offload', chooses: false },
  { name: 'random', script: 'multilink random', chooses: true },
  { name: 'hash', script: 'multilink hash', chooses: true },
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
