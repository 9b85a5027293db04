// Connections that come in over a link are answered over it: to a service on this machine, and to a LAN host
// that the admin's own nft table forwards to. A gateway that got the answer to another's connection would
// count and drop it.

import t from 'tap'
import { balancedLab, linkNames, linksOf, ports } from './scenario.js'
import { lan, links, server } from './topology.js'
import type { StreamState } from './traffic/answers.js'
import { until } from './wait.js'

const [here, behind, streams] = [8080, 8081, 8082]
const behindIt = `${lan.hostAddress}:${here}`
const outside = server(9)

t.test('answers', async (t) => {
  const lab = await balancedLab(t)
  const box = await lab.agent('box')
  const host = await lab.agent('lan')
  const internet = await lab.agent('internet')
  await box.call('who', { port: here })
  await box.call('echo', { port: streams })
  await box.call('whoUdp', { port: here, hosts: links.map(({ address }) => address) })
  await host.call('who', { port: here })
  await host.call('whoUdp', { port: here, hosts: ['0.0.0.0'] })
  for (const { name } of links) {
    for (const port of [here, behind, streams]) await lab.publish(name, 'tcp', port)
    for (const port of [here, behind]) await lab.publish(name, 'udp', port)
  }
  const published = `
    table ip admin {
      chain published {
        type nat hook prerouting priority dstnat
        iifname { ${linkNames.join()} } meta l4proto { tcp, udp } th dport ${behind} dnat to ${behindIt}
      }
    }`
  await lab.box.run(['nft', '-f', '-'], { input: published })

  for (const { name, publicAddress } of links) {
    for (const [port, where] of [
      [here, 'this machine'],
      [behind, 'a LAN host'],
    ] as const) {
      const ask = { host: publicAddress, port, localAddress: outside }
      await t.test(`over ${name}, to ${where}`, async (t) => {
        for (let i = 0; i < 4; i++) {
          const { seenAs, error } = await internet.call('ask', ask)
          t.same([seenAs, error], [outside, undefined], 'a TCP connection is answered')
        }
        for (let i = 0; i < 4; i++) {
          const { seenAs, error } = await internet.call('askUdp', ask)
          t.same([seenAs, error], [outside, undefined], 'a UDP datagram is answered')
        }
      })
    }
  }

  await t.test('answers take no turn of the balance', async (t) => {
    const agent = await lab.agent('box')
    const names: string[] = []
    for (let i = 0; i < 12; i++) {
      const { publicAddress } = links[i % 2] as (typeof links)[0]
      await internet.call('ask', { host: publicAddress, port: here, localAddress: outside })
      names.push(...linksOf([await agent.call('ask', { host: server(1), port: ports.who })]))
    }
    for (let i = 0; i + 3 <= names.length; i++) t.equal(new Set(names.slice(i, i + 3)).size, 3)
  })

  await t.test('streams that came in stay intact while another link goes down and up', async (t) => {
    for (const { publicAddress } of links) {
      await internet.call('openStreams', { host: publicAddress, port: streams, count: 2, every: 10 })
    }
    for (let i = 0; i < 3; i++) {
      await lab.box.run(['ifdown', 'rausb0'])
      await lab.box.run(['ifup', 'rausb0'])
    }
    const others = async (): Promise<StreamState[]> =>
      (await internet.call('streamStates')).filter(({ host: address }) => address !== links[2]?.publicAddress)
    await until('streams over the other links have carried 10 KB', async () =>
      (await others()).every(({ error, intact }) => error !== undefined || intact > 10_000))
    for (const { host: address, error, intact } of await others()) {
      t.equal(error, undefined, `${address}: ${intact} bytes intact`)
    }
    await internet.call('closeStreams')
  })
})
