// Measurement 3: how exactly connections are spread over three links, in the order in which the box began them.

import { lower, raise, type Contender } from './contenders.js'
import type { Machine } from './machine/machine.js'

const addresses = ['192.168.1.2', '172.16.0.2', '192.168.0.2']

export interface Exactness {
  readonly contender: string
  readonly weights: readonly number[]
  readonly destinations: number
  readonly connections: number
  /** the largest difference of a link's part from its share, of 1 */
  readonly worstShare: number
  /** the largest difference of a link's connections from its weight, in any window as long as the sum of weights */
  readonly worstWindow: number
}

export const weightings: readonly (readonly number[])[] = [
  [1, 1, 1],
  [3, 1, 2],
  [100, 10, 1],
]

/** How far a sequence of links, by number, is from the weights. */
export function exactnessOf(
  sequence: readonly number[],
  weights: readonly number[],
): Pick<Exactness, 'worstShare' | 'worstWindow'> {
  const sum = weights.reduce((total, weight) => total + weight)
  const counts = weights.map(() => 0)
  const inWindow = weights.map(() => 0)
  let worstWindow = 0
  sequence.forEach((link, n) => {
    counts[link] = (counts[link] ?? 0) + 1
    inWindow[link] = (inWindow[link] ?? 0) + 1
    const leaving = sequence[n - sum]
    if (leaving !== undefined) inWindow[leaving] = (inWindow[leaving] ?? 0) - 1
    if (n + 1 < sum) return
    weights.forEach((weight, i) => (worstWindow = Math.max(worstWindow, Math.abs((inWindow[i] ?? 0) - weight))))
  })
  const errors = weights.map((weight, i) => Math.abs((counts[i] ?? 0) / sequence.length - weight / sum))
  return { worstShare: Math.max(...errors), worstWindow }
}

export async function measureExactness(machine: Machine, chosen: readonly Contender[]): Promise<Exactness[]> {
  const results: Exactness[] = []
  for (const weights of weightings) {
    const sum = weights.reduce((total, weight) => total + weight)
    const connections = sum * Math.ceil(300 / sum)
    for (const contender of chosen) {
      // The how-to's nth method knows no weights.
      if (contender.name === 'howto' && new Set(weights).size > 1) continue
      const lab = `exact-${contender.name}`
      await raise(machine, contender, lab, 3, weights)
      for (const destinations of [1, 1000]) {
        const first = destinations === 1 ? '198.51.100.1' : '198.18.0.1'
        const ask = `/bench/load who ${first} ${destinations} ${connections}`
        const said = await machine.run(`ip netns exec ${lab}-box ${ask}`)
        const sequence = said.trim().split('\n').map((address) => addresses.indexOf(address))
        if (sequence.length !== connections || sequence.includes(-1)) throw new Error(`${lab} was seen as ${said}`)
        const errors = exactnessOf(sequence, weights)
        results.push({ contender: contender.name, weights, destinations, connections, ...errors })
      }
      await lower(machine, lab)
    }
  }
  return results
}
