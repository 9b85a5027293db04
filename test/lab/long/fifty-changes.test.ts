// Connections while links and weights change: 20 new ones a second from this machine and 20 forwarded, and
// long streams, through 50 ifdown/ifup of a secondary link and through 50 applies.

import t, { type Test } from 'tap'
import { balancedLab, configOf, configure, ports, tally, withoutLink } from '../scenario.js'
import type { Agent } from '../agent-client.js'
import { links, linkSeenAs, server, type LabLink } from '../topology.js'
import type { Answer, StreamState } from '../traffic/answers.js'
import type { SteadyState } from '../traffic/clients.js'
import { until } from '../wait.js'

const changes = 50
const [, eth1, rausb0] = links as readonly [LabLink, LabLink, LabLink]
const steady = { hosts: [server(1), server(2)], port: ports.who, perSecond: 20 }

/** What became of the load on one place. */
interface Outcome {
  readonly whose: string
  readonly answers: Answer[]
  readonly streams: StreamState[]
}

/**
 * Begins the load on every place, two streams a link first; ends it when the function it returns is called.
 */
async function load(places: Places): Promise<() => Promise<Outcome[]>> {
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

type Places = readonly (readonly [string, Agent])[]

/** How far each place's connections have come. */
function statesOf(places: Places): Promise<SteadyState[]> {
  return Promise.all(places.map(([, agent]) => agent.call('steadyState')))
}

/**
 * Waits until some connections more have come and gone, so that every state of the links is seen by traffic: three that
 * are begun from now on at each place, and one over `link` if one is named. Not those that are in flight: a LAN host
 * that only receives learns of its link's loss when the link is back.
 */
async function someTraffic(places: Places, link?: LabLink): Promise<void> {
  const before = await statesOf(places)
  const over = ({ seenAs }: SteadyState): number => (link === undefined ? 0 : (seenAs[link.publicAddress] ?? 0))
  await until('connections come and go', async () =>
    (await statesOf(places)).every((now, i) => {
      const { asked } = before[i] as SteadyState
      const enough = link === undefined || over(now) > over(before[i] as SteadyState)
      return enough && now.asked >= asked + 3 && !now.open.some((n) => n >= asked && n < asked + 3)
    }),
  )
}

/** A link that went, as one place's connections saw it. */
interface Down {
  readonly before: SteadyState
  readonly after: SteadyState
  /** right before it came back */
  readonly last: SteadyState
}

/** Whether a place's n-th connection was begun, and had not ended, when the link went. */
function inFlight(n: number, { before, after }: Down): boolean {
  return before.open.includes(n) || (n >= before.asked && n < after.asked)
}

/** Whether it was begun after the link had gone, and ended before it came back. */
function meanwhile(n: number, { after, last }: Down): boolean {
  return n >= after.asked && n < last.asked && !last.open.includes(n)
}

function failed(answers: readonly Answer[]): Answer[] {
  return answers.filter(({ error }) => error !== undefined)
}

/** How a link is lost and comes back, again and again. */
interface Losses {
  readonly link: LabLink
  readonly count: number
  readonly lose: () => Promise<unknown>
  readonly back: () => Promise<unknown>
}

/** Under load: only what was in flight as the link went may fail, and what is on other links goes on. */
async function loseUnderLoad(t: Test, places: Places, { link, count, lose, back }: Losses): Promise<void> {
  const end = await load(places)
  const downs: Down[][] = places.map(() => [])
  for (let i = 0; i < count; i++) {
    const before = await statesOf(places)
    await lose()
    const after = await statesOf(places)
    await someTraffic(places)
    const last = await statesOf(places)
    for (const [place, list] of downs.entries()) {
      list.push({ before: before[place], after: after[place], last: last[place] } as Down)
    }
    await back()
    await someTraffic(places, link)
  }
  await until('streams over the other links have carried 100 KB', async () =>
    (await Promise.all(places.map(([, agent]) => agent.call('streamStates')))).flat().every(
      ({ error, seenAs, intact }) => error !== undefined || linkSeenAs(seenAs) === link.name || intact > 100_000,
    ),
  )
  for (const [place, { whose, answers, streams }] of (await end()).entries()) {
    const ofPlace = downs[place] as Down[]
    const failures = failed(answers)
    t.comment(`${whose}: ${JSON.stringify(tally(answers))} of ${answers.length}`)
    t.same(
      failures.filter((answer) => !ofPlace.some((down) => inFlight(answers.indexOf(answer), down))),
      [],
      `no connection of ${whose} fails that was not in flight as the link went`,
    )
    t.comment(`${failures.length} that were`)
    const late = answers.filter(
      ({ seenAs }, n) => seenAs === link.publicAddress && ofPlace.some((down) => meanwhile(n, down)),
    )
    t.same(late, [], 'none is given to the link after it has gone')
    const others = streams.filter(({ seenAs }) => linkSeenAs(seenAs) !== link.name)
    t.equal(others.length, 4)
    for (const { error, intact, seenAs } of others) {
      t.equal(error, undefined, `a stream over ${linkSeenAs(seenAs)} lives on, ${intact} bytes intact`)
    }
  }
}

t.test('connections while things change', async (t) => {
  const lab = await balancedLab(t)
  const places = [
    ['this machine', await lab.agent('box')],
    ['a LAN host', await lab.agent('lan')],
  ] as const

  await t.test(`${changes} ifdown and ifup of eth1`, async (t) => {
    const times: number[] = []
    await loseUnderLoad(t, places, {
      link: eth1,
      count: changes,
      lose: async () => times.push((await lab.box.run(['ifdown', 'eth1'])).milliseconds),
      back: () => lab.box.run(['ifup', 'eth1']),
    })
    t.comment(`ifdown took ${times.sort((a, b) => a - b)[changes / 2]?.toFixed(0)} ms (median)`)
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
      await someTraffic(places)
    }
    for (const { whose, answers, streams } of await end()) {
      t.comment(`${whose}: ${JSON.stringify(tally(answers))} of ${answers.length}`)
      t.same(failed(answers), [], 'none fails')
      t.same(tally(streams), { eth0: 2, eth1: 2, rausb0: 2 }, 'streams were on every link')
      for (const { error, intact } of streams)
        t.equal(error, undefined, `each lives on, ${intact} bytes intact`)
    }
  })

  await t.test('an apply that takes a link out of the config, and one that puts it back', (t) =>
    loseUnderLoad(t, places, {
      link: rausb0,
      count: 5,
      lose: async () => {
        await lab.box.write('/etc/multilink.conf', withoutLink(configOf(), 'rausb0'))
        await lab.box.run(['multilink', 'apply'])
      },
      back: () => configure(lab, {}),
    }))
})
