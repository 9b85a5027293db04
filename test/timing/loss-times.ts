// Measures in the lab, as medians, how fast what a lost link strands is let go of, from the start of the hook:
// `node --import tsx test/timing/loss-times.ts [ROUNDS]`; out: one line a measure on stdout.

import { raiseNetwork, type Lab } from '../lab/network.js'
import { changed, checksFail, checksPass, configOf, deb, linkNames, ports } from '../lab/scenario.js'
import { lan, linkSeenAs, server, stanza } from '../lab/topology.js'
import type { FlowState } from '../lab/traffic/stranded.js'
import { until } from '../lab/wait.js'

const lost = 'eth1'
const echo = { host: server(1), port: ports.echo }

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Loses the link; its start in ms of Date.now(), and how long the hook took. */
async function lose(lab: Lab): Promise<{ began: number; took: number }> {
  const text = `${checksFail(lost)}; date +%s%3N; ${changed} 2>/dev/null; date +%s%3N`
  const [began = NaN, ended = NaN] = (await lab.box.sh(text)).stdout.split('\n').map(Number)
  return { began, took: ended - began }
}

async function back(lab: Lab): Promise<void> {
  await lab.box.sh(`${checksPass(lost)}; ${changed}`)
}

/** ms from the hook's start to the first answer over another link, of each flow that was on the lost one. */
function gaps(states: readonly FlowState[], began: number): number[] {
  return states
    .filter(({ changes }) => changes[0]?.seenAs !== undefined && linkSeenAs(changes[0].seenAs) === lost)
    .map(({ changes }) => {
      const moved = changes.find(({ seenAs }) => seenAs !== undefined && linkSeenAs(seenAs) !== lost)
      return (moved?.at ?? NaN) - began
    })
}

async function round(lab: Lab, count: number): Promise<Record<string, number>> {
  const box = await lab.agent('box')
  const host = await lab.agent('lan')
  const opened = await box.call('openWaiting', { ...echo, count: 3 * count, parallel: 10 })
  const stranded = opened.filter(({ seenAs }) => linkSeenAs(seenAs) === lost).length
  for (const agent of [box, host]) {
    await agent.call('startFlows', { host: server(1), port: ports.who, count: 3, every: 5 })
    await until('every flow is answered', async () =>
      (await agent.call('flowStates')).every(({ changes }) => changes.length > 0),
    )
  }
  const { began, took } = await lose(lab)
  const ended = async (): Promise<number[]> =>
    (await box.call('waitingStates')).flatMap(({ error, at }) => (error === undefined ? [] : (at ?? [])))
  await until('the stranded have ended', async () => (await ended()).length === stranded)
  await until('the flows have moved', async () =>
    (await Promise.all([box, host].map((agent) => agent.call('flowStates')))).flat()
      .every((state) => !gaps([state], began).includes(NaN)),
  )
  const local = gaps(await box.call('stopFlows'), began)
  const forwarded = gaps(await host.call('stopFlows'), began)
  const last = Math.max(...(await ended())) - began
  await box.call('closeWaiting')
  await back(lab)
  return {
    'the last stranded connection has its error': last,
    'a local UDP flow is on another link': Math.max(...local),
    'a forwarded UDP flow is on another link': Math.max(...forwarded),
    'the hook has ended': took,
  }
}

async function main(rounds: number): Promise<void> {
  const lab = await raiseNetwork({ deb })
  try {
    const interfaces = [...linkNames, lan.device]
    for (const name of interfaces) await lab.box.write(`/etc/network/interfaces.d/${name}`, stanza(name))
    await lab.box.write('/etc/multilink.conf', configOf({ every: 'check = "gateway"\n' }))
    await lab.box.run(['ifup', 'lo'])
    await lab.box.run(['multilink', 'apply'])
    await lab.box.run(['ifup', ...interfaces])
    const internet = await lab.agent('internet')
    await internet.call('echo', { port: ports.echo })
    await internet.call('whoUdp', { port: ports.who, hosts: [server(1)] })
    for (const count of [1, 1000]) {
      const all: Record<string, number[]> = {}
      for (let i = 0; i < rounds; i++) {
        for (const [what, took] of Object.entries(await round(lab, count))) (all[what] ??= []).push(took)
      }
      for (const [what, took] of Object.entries(all)) {
        console.log(`${count} stranded: ${what} after ${median(took)} ms (median of ${rounds}; ${took.join(' ')})`)
      }
    }
  } finally {
    await lab.close()
  }
}

await main(Number(process.argv[2] ?? 10))
