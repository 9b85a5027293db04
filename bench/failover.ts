// Measurement 6: a provider is dead behind a live gateway. A LAN host begins a connection every 50 ms, each to another
// address; how long, from the provider's death, until all of them succeed at once.

import { lower, raise, type Contender } from './contenders.js'
import type { Machine } from './machine/machine.js'
import { spread, type Spread } from './statistics.js'

export interface Failover {
  readonly contender: string
  /** seconds; undefined: some failed until the end, `limit` seconds later */
  readonly seconds?: Spread
}

/** seconds in which all is well, first; another part of a second each run, or a counting machine repeats itself */
const healthy = [15, 15.17, 15.34]
export const limit = 20

/** With what watches its links. `ecmp`, `ifupdown-multi` and `howto` have nothing that does. */
export const watched: readonly Contender[] = [
  { name: 'shorewall', script: 'shorewall', chooses: true },
  { name: 'shorewall-lsm', script: 'shorewall lsm', chooses: true },
  { name: 'nth', script: 'multilink nth check', chooses: true },
]

/** Seconds from the death to the first attempt from which all succeed. */
async function interruption(machine: Machine, lab: string, before: number): Promise<number> {
  const dead = 'iifname eth1 ip daddr != 172.16.0.1 drop'
  const said = await machine.run(`
    ip netns exec ${lab}-far nft add chain ip sink dead '{ type filter hook prerouting priority -400; }'
    { sleep ${before}; ip netns exec ${lab}-far nft add rule ip sink dead ${dead}; } &
    ip netns exec ${lab}-lan /bench/load probe 198.18.0.1 ${Math.ceil(before) + limit}`)
  const attempts = said.trim().split('\n').map((line) => line.split(' ').map(Number))
  const failed = attempts.flatMap(([began = 0, good]) => (good === 1 ? [] : [began]))
  if (failed.length === 0) throw new Error(`${lab}: nothing failed`)
  const early = failed.filter((began) => began < (before - 1.5) * 1000)
  if (early.length > 0) throw new Error(`${lab}: ${early.length} connections failed before the provider died`)
  const late = failed.filter((began) => began > (before + 3) * 1000)
  if (late.length > 0 && late.length < 20) console.error(`bench: ${lab}: stray failures, ms: ${late.join(' ')}`)
  return Math.max(...failed) / 1000 - before
}

export async function measureFailover(machine: Machine): Promise<Failover[]> {
  const results: Failover[] = []
  for (const contender of watched) {
    const lab = `watched-${contender.name}`
    const values: number[] = []
    // A lab each: lsm judges a link by its last 100 packets, so by an earlier run's losses too.
    for (const before of healthy) {
      await raise(machine, contender, lab)
      values.push(await interruption(machine, lab, before))
      await lower(machine, lab)
    }
    const lasting = values.some((value) => value > limit - 1)
    results.push({ contender: contender.name, ...(lasting ? {} : { seconds: spread(values) }) })
  }
  return results
}
