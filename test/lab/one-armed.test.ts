// A host on a link's own network that uses the box as its router: what it begins is balanced over all links, that
// one included, though there it leaves by the interface it came in on. A switch is put between the box's eth1 and
// its gateway; the host hangs on it.

import t from 'tap'
import { configure, deb, labOf, linkNames, ports, tally } from './scenario.js'
import { ipBatch } from './namespaces.js'
import type { Lab } from './network.js'
import { lan, links, server } from './topology.js'
import { until } from './wait.js'

const eth1 = links[1] as (typeof links)[0]
const address = '172.16.0.77'
const [host, wire] = ['more-host', 'more-switch'] as const

/** Moves the gateway's end of eth1 to a switch, and plugs the gateway and the host into that. */
async function plugInHost(lab: Lab): Promise<void> {
  await lab.add(host)
  await lab.add(wire)
  // A host, not a router: such a one follows ICMP redirects.
  await lab.run(host, ['sysctl', '-qw', 'net.ipv4.ip_forward=0'])
  await ipBatch([`link set box name gw netns ${lab.namespace(wire)}`], lab.namespace('gw-eth1'))
  await ipBatch(
    [
      // without snooping, which sends IGMP of its own
      'link add switch type bridge mcast_snooping 0',
      `link add to-gw type veth peer name box netns ${lab.namespace('gw-eth1')}`,
      `link add to-host type veth peer name eth0 netns ${lab.namespace(host)}`,
      ...['gw', 'to-gw', 'to-host'].map((port) => `link set ${port} up master switch`),
      'link set switch up',
    ],
    lab.namespace(wire),
  )
  await ipBatch([`address add ${eth1.gateway}/${eth1.length} dev box`, 'link set box up'], lab.namespace('gw-eth1'))
  await ipBatch(
    [
      `address add ${address}/${eth1.length} dev eth0`,
      'link set eth0 up',
      `route add default via ${eth1.address}`,
    ],
    lab.namespace(host),
  )
}

t.test("a host on eth1's network behind the box", async (t) => {
  const lab = await labOf(t, { deb })
  await plugInHost(lab)
  await configure(lab, {})
  await lab.box.run(['ifup', ...linkNames, lan.device])
  const agent = await lab.agent(host)
  const balanced = { eth0: 4, eth1: 4, rausb0: 4 }

  await t.test('its connections are balanced over all links, and all work', async (t) => {
    const ask = { port: ports.who, count: 12 }
    t.same(tally(await agent.call('askMany', { ...ask, hosts: [server(1)] })), balanced, 'one after the other')
    t.same(tally(await agent.call('askMany', { ...ask, hosts: [server(2)], parallel: 12 })), balanced, 'at once')
    t.same(tally(await agent.call('askMany', { ...ask, hosts: [server(1)], udp: true })), balanced, 'UDP')
    const { stdout } = await lab.box.run(['nft', 'list', 'counter', 'inet', 'multilink', 'strays'])
    t.match(stdout, 'packets 0', 'the guard dropped nothing of it')
  })

  await t.test('its streams stay intact on their links, whatever else comes and goes', async (t) => {
    await agent.call('openStreams', { host: server(1), port: ports.echo, count: 6, every: 10 })
    await lab.box.run(['ifdown', 'eth0'])
    await lab.box.run(['ifup', 'eth0'])
    await until('those that live have carried 10 KB', async () =>
      (await agent.call('streamStates')).every(({ error, intact }) => error !== undefined || intact > 10_000))
    const states = await agent.call('closeStreams')
    const lived = states.filter(({ error }) => error === undefined)
    t.ok(lived.length >= 4, `${lived.length} of 6 lived; two were on the link that went`)
  })

  await t.test('a LAN host reaches it', async (t) => {
    await agent.call('who', { port: ports.who })
    const { seenAs, error } = await (await lab.agent('lan')).call('ask', { host: address, port: ports.who })
    t.same([seenAs, error], [eth1.address, undefined], 'with the address of eth1')
  })

  await t.test('so they are with masquerade = false, where the gateway knows the way back to it', async (t) => {
    // The gateway has to take the host's own source, and to send answers for it the way the questions came.
    await lab.run('gw-eth1', ['ip', 'route', 'add', address, 'via', eth1.address, 'dev', 'box'])
    const rule = ['insert', 'rule', 'ip', 'gateway', 'arriving', 'ip', 'saddr', address, 'accept']
    await lab.run('gw-eth1', ['nft', ...rule])
    const text = (await lab.box.read('/etc/multilink.conf')).replace('[link.eth1]', '[link.eth1]\nmasquerade = false')
    await lab.box.write('/etc/multilink.conf', `${text}\n`)
    await lab.box.run(['multilink', 'apply'])
    const ask = { hosts: [server(3)], port: ports.who, count: 12 }
    t.same(tally(await agent.call('askMany', ask)), balanced)
  })
})
