// Measurement 4: what part of the sum of three unequal links a LAN host's downloads reach, in single segments. The
// machine's clock leaps over waiting, so half a minute of downloads is over in a few seconds.

import { lower, raise, type Contender } from './contenders.js'
import type { Machine } from './machine/machine.js'

/** bytes a second of the first three links, whole frames */
const rates = [150_000, 75_000, 300_000]
const devices = ['eth0', 'eth1', 'rausb0']
const seconds = 30

export interface Aggregation {
  readonly contender: string
  readonly what: string
  readonly weights: readonly number[]
  /** bytes of files a second, over what each link gives alone, summed */
  readonly ofSum: number
}

interface Scene {
  readonly what: string
  readonly weights: readonly number[]
  /** arguments of `load fetch` */
  readonly words: string
}

const equal = [1, 1, 1]
const matching = [2, 1, 4]
const scenes: readonly Scene[] = [
  { what: 'files of 60 KB, 21 at once, equal weights', weights: equal, words: `0 21 60000 ${seconds}` },
  { what: 'files of 60 KB, 21 at once, matching weights', weights: matching, words: `0 21 60000 ${seconds}` },
  { what: 'one endless download beside 20 at once', weights: matching, words: `1 20 60000 ${seconds}` },
]

/** A command: so many bytes a second towards the box. */
function limit(lab: string, device: string, rate: number): string {
  return `ip netns exec ${lab}-far tc qdisc replace dev ${device} root tbf rate ${rate}bps burst 5kb latency 200ms`
}

async function shape(machine: Machine, lab: string): Promise<void> {
  await machine.run(`/bench/lab segments ${lab} 1`)
  await machine.run(devices.map((device, i) => limit(lab, device, rates[i] ?? 0)).join('\n'))
}

async function fetch(machine: Machine, lab: string, words: string): Promise<number> {
  const said = await machine.run(`ip netns exec ${lab}-lan /bench/load fetch 198.51.100.1 ${words}`)
  const [took = Number.NaN, , bytes = Number.NaN] = said.trim().split(' ').map(Number)
  return bytes / (took / 1e9)
}

/** What each link gives alone, bytes of files a second: a lab with a single link over each link's rate. */
async function alone(machine: Machine, single: Contender): Promise<number> {
  const lab = 'alone'
  await raise(machine, single, lab, 1)
  await machine.run(`/bench/lab segments ${lab} 1`)
  let sum = 0
  for (const rate of rates) {
    await machine.run(limit(lab, 'eth0', rate))
    sum += await fetch(machine, lab, `0 7 60000 ${seconds}`)
  }
  await lower(machine, lab)
  return sum
}

export async function measureAggregation(
  machine: Machine,
  single: Contender,
  chosen: readonly Contender[],
): Promise<Aggregation[]> {
  const whole = await alone(machine, single)
  const results: Aggregation[] = []
  for (const contender of chosen) {
    for (const weights of [equal, matching]) {
      // The how-to's nth method knows no weights.
      if (contender.name === 'howto' && weights === matching) continue
      const lab = `sum-${contender.name}`
      await raise(machine, contender, lab, 3, weights)
      await shape(machine, lab)
      for (const { what, words } of scenes.filter((scene) => scene.weights === weights)) {
        results.push({ contender: contender.name, what, weights, ofSum: (await fetch(machine, lab, words)) / whole })
      }
      await lower(machine, lab)
    }
  }
  return results
}
