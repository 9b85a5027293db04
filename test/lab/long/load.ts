// Connections all the time, from the box and from the LAN, in each family: new ones 20 times a second, and streams that
// stay. In: a lab; out: what became of them. Which links were touched is for the caller to say.

import type { Agent } from '../agent-client.js'
import type { Lab } from '../network.js'
import { ports } from '../scenario.js'
import { hostOf, linkSeenAs, type Family } from '../topology.js'
import type { Answer, StreamState } from '../traffic/answers.js'
import { until } from '../wait.js'

export interface Load {
  readonly places: readonly (readonly [string, Agent])[]
  /** opens streams until each place has `count` in the family */
  fill(family: Family, count: number): Promise<void>
  /** What is wrong with streams over links that were not touched: each must carry more. The others are closed. */
  check(touched: ReadonlySet<string>): Promise<string[]>
  /** ends it; all the short connections there were */
  end(): Promise<{ whose: string; answers: Answer[] }[]>
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4
}

export async function startLoad(lab: Lab, families: readonly Family[]): Promise<Load> {
  const places = [
    ['this machine', await lab.agent('box')],
    ['a LAN host', await lab.agent('lan')],
  ] as const
  const hosts = families.map((family) => hostOf(family))
  for (const [, agent] of places) {
    await agent.call('startSteady', { hosts, port: ports.who, perSecond: 20, timeout: 5000 })
  }
  return {
    places,
    fill: async (family, count) => {
      for (const [, agent] of places) {
        const states = await agent.call('streamStates')
        const missing = count - states.filter(({ host }) => familyOf(host) === family).length
        if (missing > 0) {
          await agent.call('openStreams', { host: hostOf(family), port: ports.echo, count: missing })
        }
      }
    },
    check: async (touched) =>
      (await Promise.all(places.map(([whose, agent]) => checkStreams(whose, agent, touched)))).flat(),
    end: () =>
      Promise.all(
        places.map(async ([whose, agent]) => {
          const answers = await agent.call('stopSteady')
          await agent.call('closeStreams')
          return { whose, answers }
        }),
      ),
  }
}

async function checkStreams(whose: string, agent: Agent, touched: ReadonlySet<string>): Promise<string[]> {
  const before = await agent.call('streamStates')
  const isTouched = ({ seenAs }: StreamState): boolean => touched.has(linkSeenAs(seenAs))
  let now = before
  const carriesOn = async (): Promise<boolean> => {
    now = await agent.call('streamStates')
    return now.every(
      (state, i) => isTouched(state) || state.error !== undefined || state.intact > (before[i]?.intact ?? 0),
    )
  }
  await until('streams carry on', carriesOn).catch(() => undefined)
  const problems: string[] = []
  const places: number[] = []
  for (const [i, state] of now.entries()) {
    const { seenAs, host, error, intact } = state
    const stuck = intact <= (before[i]?.intact ?? 0)
    if (isTouched(state) || error !== undefined || stuck) places.push(i)
    if (isTouched(state) || (error === undefined && !stuck)) continue
    const what = `${whose}'s stream to ${host} over ${linkSeenAs(seenAs)}`
    problems.push(`${what}: ${error ?? 'stuck'}, ${intact} bytes intact`)
  }
  await agent.call('dropStreams', { places })
  return problems
}
