// Measurement 6: a provider is dead behind a live gateway. A LAN host begins a connection every 50 ms; how long, from
// the provider's death, until all of them succeed at once.

import { lower, raise, type Contender } from './contenders.js'
import type { Machine } from './machine/machine.js'
import { spread, type Spread } from './statistics.js'

export interface Failover {
  readonly contender: string
  /** seconds; undefined: some failed until the end, `limit` seconds later */
  readonly seconds?: Spread
}

const before = 15
const limit = 60
const runs = 3

/** With what watches its links. `ecmp`, `ifupdown-multi` and `howto` have nothing that does. */
export const watched: readonly Contender[] = [
  { name: 'shorewall', script: 'shorewall', balances: true },
  { name: 'shorewall-lsm', script: 'shorewall lsm', balances: true },
  { name: 'nth', script: 'multilink nth check', balances: true },
]

/** Seconds from the death to the first attempt from which all succeed. */
async function interruption(machine: Machine, lab: string): Promise<number> {
  const dead = 'iifname eth1 ip daddr != 172.16.0.1 drop'
  const said = await machine.run(`
    ip netns exec ${lab}-far nft add chain ip sink dead '{ type filter hook prerouting priority -400; }'
    { sleep ${before}; ip netns exec ${lab}-far nft add rule ip sink dead ${dead}; } &
    ip netns exec ${lab}-lan /bench/load probe 198.51.100.1 ${before + limit}`)
  const attempts = said.trim().split('\n').map((line) => line.split(' ').map(Number))
  const failed = attempts.flatMap(([began = 0, good]) => (good === 1 ? [] : [began]))
  if (failed.length === 0) throw new Error(`${lab}: nothing failed`)
  const early = failed.filter((began) => began < (before - 1.5) * 1000)
  if (early.length > 0) throw new Error(`${lab}: ${early.length} connections failed before the provider died`)
  return Math.max(...failed) / 1000 - before
}

export async function measureFailover(machine: Machine): Promise<Failover[]> {
  const results: Failover[] = []
  for (const contender of watched) {
    const values: number[] = []
    for (let run = 0; run < runs; run++) {
      await raise(machine, contender, contender.name)
      values.push(await interruption(machine, contender.name))
      await lower(machine, contender.name)
    }
    const lasting = values.some((value) => value > limit - 1)
    results.push({ contender: contender.name, ...(lasting ? {} : { seconds: spread(values) }) })
  }
  return results
}
