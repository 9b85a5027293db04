// Connections while links and weights change: 20 new ones a second from this machine and 20 forwarded, and
// long streams, through 50 ifdown/ifup of a secondary link and through 50 applies.

import t from 'tap'
import { balancedLab, configOf, configure, ports, tally, withoutLink } from '../scenario.js'
import type { Agent } from '../agent-client.js'
import { linkSeenAs, server } from '../topology.js'
import type { Answer, StreamState } from '../traffic/answers.js'
import { until } from '../wait.js'

const changes = 50
const steady = { hosts: [server(1), server(2)], port: ports.who, perSecond: 20, timeout: 5000 }

/** What became of the load on one place. */
interface Outcome {
  readonly whose: string
  readonly answers: Answer[]
  readonly streams: StreamState[]
}

/**
 * Begins the load on every place, two streams a link first; ends it when the function it returns is called.
 */
async function load(places: readonly (readonly [string, Agent])[]): Promise<() => Promise<Outcome[]>> {
  for (const [, agent] of places) {
    await agent.call('openStreams', { host: server(1), port: ports.echo, count: 6 })
  }
  for (const [, agent] of places) await agent.call('startSteady', steady)
  return () =>
    Promise.all(
      places.map(async ([whose, agent]) => {
        const answers = await agent.call('stopSteady')
        return { whose, answers, streams: await agent.call('closeStreams') }
      }),
    )
}

/** Waits until some connections more have arrived, so that every state of the links is seen by traffic. */
async function someTraffic(internet: Agent): Promise<void> {
  const count = (): Promise<number> => internet.call('heardCount', { port: ports.who })
  const before = await count()
  await until('connections arrive', async () => (await count()) >= before + 5)
}

function failed(answers: readonly Answer[]): Answer[] {
  return answers.filter(({ error }) => error !== undefined)
}

t.test('connections while things change', async (t) => {
  const lab = await balancedLab(t)
  const internet = await lab.agent('internet')
  const places = [
    ['this machine', await lab.agent('box')],
    ['a LAN host', await lab.agent('lan')],
  ] as const

  await t.test(`${changes} ifdown and ifup of eth1`, async (t) => {
    const end = await load(places)
    const downs: { begin: number; end: number; up: number }[] = []
    for (let i = 0; i < changes; i++) {
      const begin = Date.now()
      await lab.box.run(['ifdown', 'eth1'])
      const down = Date.now()
      await someTraffic(internet)
      downs.push({ begin, end: down, up: Date.now() })
      await lab.box.run(['ifup', 'eth1'])
      await someTraffic(internet)
    }
    for (const { whose, answers, streams } of await end()) {
      const failures = failed(answers)
      t.comment(`${whose}: ${JSON.stringify(tally(answers))} of ${answers.length}`)
      const inFlight = ({ at }: Answer): boolean =>
        downs.some(({ begin, end }) => at > begin - 100 && at < end)
      t.same(
        failures.filter((answer) => !inFlight(answer)),
        [],
        `no connection of ${whose} fails that was not in flight as the link went`,
      )
      t.ok(failures.length <= 5, `and ${failures.length} that were`)
      const late = answers.filter(
        ({ seenAs, at, took }) =>
          seenAs === '203.0.113.6' && downs.some(({ end, up }) => at > end && at + took < up),
      )
      t.same(late, [], 'none is given to the link after ifdown has returned')
      t.ok((tally(answers).eth1 ?? 0) > answers.length / 20, 'and it gets some whenever it is back')
      const others = streams.filter(({ seenAs }) => linkSeenAs(seenAs) !== 'eth1')
      t.equal(others.length, 4)
      for (const { error, intact, seenAs } of others) {
        t.equal(error, undefined, `a stream over ${linkSeenAs(seenAs)} lives on, ${intact} bytes intact`)
        t.ok(intact > 100_000)
      }
    }
    const local = downs.map(({ begin, end }) => end - begin).sort((a, b) => a - b)
    t.comment(`ifdown took ${local[changes / 2]} ms (median)`)
  })

  await t.test(`${changes} applies that change weights`, async (t) => {
    const end = await load(places)
    const weights = [
      [3, 1, 2],
      [1, 1, 1],
      [1, 0, 1],
      [5, 3, 1],
    ]
    for (let i = 0; i < changes; i++) {
      await configure(lab, { weights: weights[i % weights.length] as number[] })
    }
    for (const { whose, answers, streams } of await end()) {
      t.comment(`${whose}: ${JSON.stringify(tally(answers))} of ${answers.length}`)
      t.ok(answers.length > changes, `${answers.length} connections of ${whose} meanwhile`)
      t.same(failed(answers), [], 'none fails')
      t.same(tally(streams), { eth0: 2, eth1: 2, rausb0: 2 }, 'streams were on every link')
      for (const { error, intact } of streams)
        t.equal(error, undefined, `each lives on, ${intact} bytes intact`)
    }
  })

  await t.test('an apply that takes a link out of the config, and one that puts it back', async (t) => {
    const end = await load(places)
    for (let i = 0; i < 5; i++) {
      await lab.box.write('/etc/multilink.conf', withoutLink(configOf(), 'rausb0'))
      await lab.box.run(['multilink', 'apply'])
      await someTraffic(internet)
      await configure(lab, {})
      await someTraffic(internet)
    }
    for (const { whose, answers, streams } of await end()) {
      t.comment(`${whose}: ${JSON.stringify(tally(answers))} of ${answers.length}`)
      t.same(failed(answers), [], `no connection of ${whose} fails`)
      t.ok((tally(answers).rausb0 ?? 0) > 0, 'it is used whenever it is back')
      for (const { error, seenAs } of streams) {
        if (linkSeenAs(seenAs) !== 'rausb0')
          t.equal(error, undefined, `a stream over ${linkSeenAs(seenAs)} lives on`)
      }
    }
  })
})
