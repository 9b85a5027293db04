// What belongs to no connection takes no turn: nth stays exact while stray resets, invalid packets and packets
// that the admin does not want tracked come between connections. And the untracked ones still get there.

import t from 'tap'
import { silence } from '../limits.js'
import { balancedLab, linkNames, linksOf, ports } from './scenario.js'
import type { Lab } from './network.js'
import { startStrays } from './strays.js'
import { lan, links, server } from './topology.js'
import type { Answer } from './traffic/answers.js'
import { until } from './wait.js'

const dns = 53
const untracked = `
  table inet admin {
    chain output { type filter hook output priority raw; udp dport ${dns} notrack; }
    chain prerouting { type filter hook prerouting priority raw; udp dport ${dns} notrack; udp sport ${dns} notrack; }
  }`
// Not a lone ACK or data: the kernel takes those for a connection it has not seen the beginning of.
const invalid = ['rst', 'rst-ack', 'fin', 'syn-ack', 'error']

/** Of three in a row that do not hold every link, how many there are. */
function unevenThrees(names: readonly string[]): number {
  return names.slice(2).filter((_, i) => new Set(names.slice(i, i + 3)).size < linkNames.length).length
}

/** The sum of the counters whose names begin so. */
async function counted(lab: Lab, prefix: string): Promise<number> {
  const { stdout } = await lab.box.run(['nft', '-j', 'list', 'counters', 'table', 'inet', 'multilink'])
  const { nftables } = JSON.parse(stdout) as { nftables: { counter?: { name: string; packets: number } }[] }
  const packets = nftables.flatMap(({ counter }) => (counter?.name.startsWith(prefix) ? [counter.packets] : []))
  return packets.reduce((sum, each) => sum + each, 0)
}

/** Choices that were made, as `status` counts them. */
const choices = (lab: Lab): Promise<number> => counted(lab, 'chosen_')
/** What the guard dropped. */
const dropped = (lab: Lab): Promise<number> => counted(lab, 'strays')

t.test('turns', async (t) => {
  const lab = await balancedLab(t, { more: `[bypass]\nudp = [${dns}]` })
  const internet = await lab.agent('internet')
  await internet.call('whoUdp', { port: dns, hosts: [server(1)] })
  const places = [
    ['box', (links[0] as (typeof links)[0]).address, "this machine's"],
    ['lan', lan.hostAddress, 'forwarded'],
  ] as const

  for (const [i, [place, source, whose]] of places.entries()) {
    await t.test(`stray resets and invalid packets take none of ${whose} connections' turns`, async (t) => {
      const before = await choices(lab)
      const servers = [server(1), server(2)]
      const strays = await startStrays(lab, place, { perSecond: 300, source, servers, kinds: invalid })
      const agent = await lab.agent(place)
      const names: string[] = []
      // a server of its own: a port that the last one keeps in TIME_WAIT makes a SYN be sent twice
      const ask = { hosts: [server(10 + i)], port: ports.who, count: 3 }
      while (strays.sent() <= 400 || names.length <= 100) names.push(...linksOf(await agent.call('askMany', ask)))
      await strays.close()
      t.comment(`${strays.sent()} strays, ${names.length} connections`)
      t.equal(unevenThrees(names), 0)
      t.equal((await choices(lab)) - before, names.length, 'one choice a connection')
    })
  }

  await t.test('untracked packets take none, and an untracked question is answered', async (t) => {
    await lab.box.run(['nft', '-f', '-'], { input: untracked })
    const box = await lab.agent('box')
    const host = await lab.agent('lan')
    const names: string[] = []
    const lost: Promise<Answer>[] = []
    for (let i = 0; i < 20; i++) {
      const { seenAs, error } = await box.call('askUdp', { host: server(1), port: dns })
      t.same([seenAs, error], [links[0]?.publicAddress, undefined])
      // Untracked, a LAN host's packet is not translated either: the guard drops it.
      const before = await dropped(lab)
      lost.push(host.call('askUdp', { host: server(1), port: dns, timeout: silence }))
      await until('the guard has dropped it', async () => (await dropped(lab)) > before)
      const agent = i % 2 === 0 ? box : host
      names.push(...linksOf([await agent.call('ask', { host: server(20), port: ports.who })]))
    }
    t.equal(unevenThrees(names), 0, names.join(' '))
    for (const { error } of await Promise.all(lost)) t.match(error, 'ETIMEDOUT')
    await lab.box.run(['nft', 'delete', 'table', 'inet', 'admin'])
  })
})
