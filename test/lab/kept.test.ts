// `ifdown` of the link that main's default route is over takes the address that all of this machine's connections have,
// also those that are translated over other links: these do not notice, and the address is kept only for them.

import t from 'tap'
import { balancedLab, changed, lastOf, ports } from './scenario.js'
import type { Agent } from './agent-client.js'
import type { Lab } from './network.js'
import { links, linkSeenAs, server, server6 } from './topology.js'
import { until } from './wait.js'

const first = links[0] as (typeof links)[number]

/** The routes that keep an address local. */
async function kept(lab: Lab): Promise<string> {
  const { stdout } = await lab.box.sh(
    'for family in 4 6; do ip -$family route show table local proto 157; done | sed "s/^local //; s/ .*//"',
  )
  return stdout
}

/** Whether every stream and flow that is not over `lost` has carried more since. */
async function carryOn(agent: Agent, lost: string): Promise<void> {
  const before = await agent.call('streamStates')
  await until('streams over other links carry more', async () =>
    (await agent.call('streamStates')).every(
      ({ seenAs, intact }, i) => linkSeenAs(seenAs) === lost || intact > (before[i]?.intact ?? 0) + 10_000,
    ),
  )
}

t.test('ifdown of the first link', async (t) => {
  const lab = await balancedLab(t, { v6: 'static' })
  const { box } = lab
  const agent = await lab.agent('box')

  for (const host of [server(1), server6(1)]) await agent.call('openStreams', { host, port: ports.echo, count: 6 })
  await agent.call('startFlows', { host: server(1), port: ports.who, count: 6, connected: true })
  const both = `${first.address}\n${first.address6}`
  t.equal(await kept(lab), '', 'as long as the link is there nothing is kept')

  await box.run(['ifdown', 'eth0'])
  t.equal(await kept(lab), both, 'the addresses stay local')
  await carryOn(agent, 'eth0')
  const streams = await agent.call('streamStates')
  const left = streams.filter(({ seenAs }) => linkSeenAs(seenAs) !== 'eth0')
  t.equal(left.length, 8, 'two thirds of the streams are over the other links')
  t.same(
    left.map(({ error, localAddress }) => error ?? localAddress),
    left.map(({ host }) => (host === server(1) ? first.address : first.address6)),
    'with the address of the first',
  )
  await until('every connected UDP flow is on a link that is there', async () =>
    (await agent.call('flowStates')).every((state) => ['eth1', 'rausb0'].includes(lastOf(state) ?? '')),
  )

  for (const name of ['eth1', 'rausb0']) {
    await box.sh(`IFACE=${name} /var/lib/multilink/current/if-up`)
    t.equal(await kept(lab), both, `a hook of ${name} leaves them`)
  }
  await box.run(['ifup', 'eth0'])
  t.equal(await kept(lab), '', 'with the link back the kernel knows them itself')
  await carryOn(agent, 'eth0')

  await box.run(['ifdown', 'eth0'])
  t.equal(await kept(lab), both)
  await carryOn(agent, 'eth0')
  await box.run(['ip', 'link', 'set', 'eth0', 'up'])
  await box.run([changed])
  t.equal(await kept(lab), both, 'while the link is down on purpose, whatever its interface does')
  t.same(
    (await agent.call('closeStreams')).filter(({ seenAs, error }) => linkSeenAs(seenAs) !== 'eth0' && error),
    [],
    'no stream over another link broke',
  )
  await agent.call('stopFlows')
  await until('nothing has them any more', async () => {
    const { stdout } = await box.run(['ss', '-Htun', 'state', 'connected', 'exclude', 'time-wait'])
    return !stdout.includes(first.address) && !stdout.includes(first.address6)
  })
  await box.run([changed])
  t.equal(await kept(lab), '', 'and they are kept no longer')
})

t.test('an address that goes outside ifup', async (t) => {
  const lab = await balancedLab(t)
  const { box } = lab
  const agent = await lab.agent('box')
  const changed = (what: string): Promise<unknown> => box.sh(`${what}; /var/lib/multilink/current/changed`)
  await agent.call('openStreams', { host: server(1), port: ports.echo, count: 6 })
  await changed('ip address flush dev eth0')
  t.equal(await kept(lab), first.address, 'as with a lease that has ended')
  await carryOn(agent, 'eth0')
  await changed('ip address add 192.168.1.77/24 dev eth0')
  t.equal(await kept(lab), first.address, 'the next lease is of another address')
  await carryOn(agent, 'eth0')
  await changed(`ip address add ${first.address}/24 dev eth0`)
  t.equal(await kept(lab), '', 'it is back')
  await carryOn(agent, 'eth0')
  await changed(`ip address del ${first.address}/24 dev eth0`)
  t.equal(await kept(lab), first.address)
  await carryOn(agent, 'eth0')
  const streams = await agent.call('closeStreams')
  t.same(streams.filter(({ seenAs, error }) => linkSeenAs(seenAs) !== 'eth0' && error), [], 'none broke')

  await box.run(['ifdown', '--force', 'eth0'])
  await box.run(['ifup', 'eth0'])
  await agent.call('openStreams', { host: server(1), port: ports.echo, count: 6 })
  await box.run(['ifdown', 'eth0'])
  t.equal(await kept(lab), first.address)
  await agent.call('closeStreams')
  await box.run(['multilink', 'stop'])
  t.equal(await kept(lab), '', 'stop leaves none')
})
