// Method hash: an address pair stays on its link, and when a link goes only its pairs move.

import t from 'tap'
import { balancedLab, linkNames, linksOf, ports } from './scenario.js'
import type { Lab } from './network.js'
import { server } from './topology.js'

const servers = Array.from({ length: 200 }, (_, i) => server(i + 1))
const sources = ['10.1.1.2', '10.1.1.3', '10.1.1.4']

/** The link of every pair, in a fixed order; this machine's pairs differ in the destination only. */
type Pairs = () => Promise<string[]>

function local(lab: Lab): Pairs {
  return async () => {
    const agent = await lab.agent('box')
    const options = { hosts: servers, port: ports.who, count: servers.length, parallel: 8 }
    return linksOf(await agent.call('askMany', options))
  }
}

function forwarded(lab: Lab): Pairs {
  return async () => {
    const agent = await lab.agent('lan')
    const pairs: string[] = []
    for (const localAddress of sources) {
      const options = { hosts: servers, port: ports.who, count: servers.length, parallel: 8, localAddress }
      pairs.push(...linksOf(await agent.call('askMany', options)))
    }
    return pairs
  }
}

function off(pairs: readonly string[], name: string, share: number): number {
  const error = Math.sqrt(pairs.length * share * (1 - share))
  return Math.abs(pairs.filter((pair) => pair === name).length - pairs.length * share) / error
}

t.test('hash', async (t) => {
  const lab = await balancedLab(t, { method: 'hash', weights: [3, 1, 2] })
  for (const address of sources.slice(1))
    await lab.run('lan', ['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0'])

  for (const [whose, pairs] of [
    ["this machine's", local(lab)],
    ['forwarded', forwarded(lab)],
  ] as const) {
    await t.test(`${whose} address pairs keep their link`, async (t) => {
      const before = await pairs()
      t.same(await pairs(), before, 'when asked again')
      for (const [i, share] of [3 / 6, 1 / 6, 2 / 6].entries()) {
        const name = linkNames[i] as string
        t.ok(off(before, name, share) <= 4, `${name} has about its share of ${before.length} pairs`)
      }
      if (whose === 'forwarded') {
        const apart = servers.filter((_, i) => before[i] !== before[i + servers.length])
        t.ok(apart.length > 20, 'two LAN hosts do not share their links to a server')
      }

      for (const lost of ['eth1', 'eth0']) {
        await lab.box.run(['ifdown', lost])
        const without = await pairs()
        t.same(
          without.filter((_, i) => before[i] !== lost),
          before.filter((name) => name !== lost),
          `pairs of other links stay when ${lost} goes`,
        )
        t.notOk(without.includes(lost), `and none is left on ${lost}`)
        const moved = without.filter((_, i) => before[i] === lost)
        const left = linkNames.filter((name) => name !== lost)
        const weight = { eth0: 3, eth1: 1, rausb0: 2 } as Record<string, number>
        const sum = left.reduce((total, name) => total + (weight[name] ?? 0), 0)
        const name = left[0] as string
        t.ok(
          off(moved, name, (weight[name] ?? 0) / sum) <= 4,
          `the ${moved.length} that moved are shared by weight`,
        )
        await lab.box.run(['ifup', lost])
        t.same(await pairs(), before, `and ${lost} gets exactly its pairs back`)
      }
    })
  }
})
