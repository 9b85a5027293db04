// What belongs to no connection takes no turn: nth stays exact while stray resets, invalid packets and packets
// that the admin does not want tracked come between connections. And the untracked ones still get there.

import { fileURLToPath } from 'node:url'
import t from 'tap'
import { balancedLab, linkNames, linksOf, ports } from './scenario.js'
import type { Lab } from './network.js'
import { lan, links, server } from './topology.js'

const rawPackets = fileURLToPath(new URL('raw-packets.py', import.meta.url))
const dns = 53
const untracked = `
  table inet admin {
    chain output { type filter hook output priority raw; udp dport ${dns} notrack; }
    chain prerouting { type filter hook prerouting priority raw; udp dport ${dns} notrack; udp sport ${dns} notrack; }
  }`
// Not a lone ACK or data: the kernel takes those for a connection it has not seen the beginning of.
const invalid = 'rst,rst-ack,fin,syn-ack,error'

/** Of three in a row that do not hold every link, how many there are. */
function unevenThrees(names: readonly string[]): number {
  return names.slice(2).filter((_, i) => new Set(names.slice(i, i + 3)).size < linkNames.length).length
}

/** Choices that were made, as `status` counts them. */
async function choices(lab: Lab): Promise<number> {
  const { stdout } = await lab.box.run(['nft', '-j', 'list', 'counters', 'table', 'inet', 'multilink'])
  const { nftables } = JSON.parse(stdout) as { nftables: { counter?: { name: string; packets: number } }[] }
  const chosen = nftables.flatMap(({ counter }) => (counter?.name.startsWith('chosen_') ? [counter.packets] : []))
  return chosen.reduce((sum, packets) => sum + packets, 0)
}

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
      const sending = { done: false }
      const words = ['1.5', '300', source, [server(1), server(2)].join(), '', invalid]
      const strays = lab
        .run(place, ['/usr/bin/python3', rawPackets, ...words])
        .finally(() => (sending.done = true))
      const agent = await lab.agent(place)
      const names: string[] = []
      // a server of its own: a port that the last one keeps in TIME_WAIT makes a SYN be sent twice
      const ask = { hosts: [server(10 + i)], port: ports.who, count: 3 }
      while (!sending.done) names.push(...linksOf(await agent.call('askMany', ask)))
      const sent = Number((await strays).stdout)
      t.ok(sent > 100 && names.length > 100, `${sent} strays, ${names.length} connections`)
      t.equal(unevenThrees(names), 0)
      t.equal((await choices(lab)) - before, names.length, 'one choice a connection')
    })
  }

  await t.test('untracked packets take none, and an untracked question is answered', async (t) => {
    await lab.box.run(['nft', '-f', '-'], { input: untracked })
    const box = await lab.agent('box')
    const host = await lab.agent('lan')
    const names: string[] = []
    for (let i = 0; i < 20; i++) {
      const { seenAs, error } = await box.call('askUdp', { host: server(1), port: dns, timeout: 1000 })
      t.same([seenAs, error], [links[0]?.publicAddress, undefined])
      // Untracked, a LAN host's packet is not translated either: the guard drops it.
      const lost = await host.call('askUdp', { host: server(1), port: dns, timeout: 20 })
      t.match(lost.error, 'ETIMEDOUT')
      const agent = i % 2 === 0 ? box : host
      names.push(...linksOf([await agent.call('ask', { host: server(20), port: ports.who })]))
    }
    t.equal(unevenThrees(names), 0, names.join(' '))
    await lab.box.run(['nft', 'delete', 'table', 'inet', 'admin'])
  })
})
