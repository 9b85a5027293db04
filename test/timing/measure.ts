// Measures in the lab, as medians: what the hook adds to ifup and to ifdown, what an apply takes, and how long the
// table is away after a flush; then what test/timing/failover.ts measures. `npm run measure -- [ROUNDS]`; out: one line
// a measure on stdout.

import { raiseNetwork, type Lab } from '../lab/network.js'
import { configOf, deb, linkNames } from '../lab/scenario.js'
import { lan, stanza } from '../lab/topology.js'
import { printFailover } from './failover.js'

export interface Times {
  /** all in milliseconds, medians */
  readonly ifupAdded: number
  readonly ifdownAdded: number
  readonly apply: number
  readonly applyUnchanged: number
  /** from another program's `flush ruleset` until start has brought the table back */
  readonly afterFlush: number
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Times of `rounds` rounds on a lab whose links are up. */
export async function measure(lab: Lab, rounds: number): Promise<Times> {
  const { box } = lab
  const took = { up: { with: [], without: [] }, down: { with: [], without: [] } } as Record<
    string,
    Record<string, number[]>
  >
  const cycle = async (which: 'with' | 'without'): Promise<void> => {
    for (const phase of ['down', 'up']) {
      took[phase]?.[which]?.push((await box.run([`if${phase}`, 'eth1'])).milliseconds)
    }
  }
  // In turn, so that a busy moment of the machine falls on both.
  for (let i = 0; i < rounds; i++) {
    await cycle('with')
    await box.sh('chmod -x /etc/network/if-up.d/multilink /etc/network/if-down.d/multilink')
    await cycle('without')
    await box.sh('chmod +x /etc/network/if-up.d/multilink /etc/network/if-down.d/multilink')
  }
  const apply: number[] = []
  for (let i = 0; i < rounds; i++) {
    await box.write('/etc/multilink.conf', configOf({ weights: [1, 1, 2 + (i % 2)] }))
    apply.push((await box.run(['multilink', 'apply'])).milliseconds)
  }
  const unchanged: number[] = []
  for (let i = 0; i < rounds; i++) unchanged.push((await box.run(['multilink', 'apply'])).milliseconds)
  const flushed: number[] = []
  for (let i = 0; i < rounds; i++) {
    await box.run(['nft', 'flush', 'ruleset'])
    flushed.push((await box.run(['/usr/lib/multilink/start'])).milliseconds)
  }
  const added = (phase: string): number =>
    median(took[phase]?.with ?? []) - median(took[phase]?.without ?? [])
  return {
    ifupAdded: added('up'),
    ifdownAdded: added('down'),
    apply: median(apply),
    applyUnchanged: median(unchanged),
    afterFlush: median(flushed),
  }
}

async function main(rounds: number): Promise<void> {
  const lab = await raiseNetwork({ deb })
  try {
    const interfaces = [...linkNames, lan.device]
    for (const name of interfaces) await lab.box.write(`/etc/network/interfaces.d/${name}`, stanza(name))
    await lab.box.write('/etc/multilink.conf', configOf())
    await lab.box.run(['ifup', 'lo'])
    await lab.box.run(['multilink', 'apply'])
    await lab.box.run(['ifup', ...interfaces])
    const times = await measure(lab, rounds)
    console.log(`the hook adds to ifup:   ${times.ifupAdded.toFixed(0)} ms (median of ${rounds})`)
    console.log(`the hook adds to ifdown: ${times.ifdownAdded.toFixed(0)} ms`)
    console.log(`apply, three links:      ${times.apply.toFixed(0)} ms`)
    console.log(`apply without changes:   ${times.applyUnchanged.toFixed(0)} ms`)
    console.log(`start after a flush:     ${times.afterFlush.toFixed(0)} ms`)
  } finally {
    await lab.close()
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const rounds = Number(process.argv[2] ?? 15)
  await main(rounds)
  await printFailover(rounds)
}
