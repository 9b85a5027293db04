// No packet with a foreign source reaches a gateway: while links go up and down under load and a LAN host
// sends late resets and packets of dead connections. Every lab asserts the same counters when it closes; this
// one provokes them.

import t from 'tap'
import { balancedLab, labOf, linkNames, ports } from './scenario.js'
import type { Lab } from './network.js'
import { startStrays, type Strays } from './strays.js'
import { lan, server } from './topology.js'
import { until } from './wait.js'

const servers = [server(1), server(2), server(3)]

/** Begins to send strays from the LAN host, 150 a second. */
async function fromLanHost(lab: Lab): Promise<Strays> {
  // Ports of connections that are or were there: their late packets meet entries in every state.
  const { stdout } = await lab.run('lan', ['ss', '-Hant'])
  const used = [...stdout.matchAll(/10\.1\.1\.2:(\d+)/g)].map((match) => Number(match[1]))
  return startStrays(lab, 'lan', { perSecond: 150, source: lan.hostAddress, servers, ports: used })
}

async function foreignPackets(lab: Lab): Promise<number> {
  return Object.values(await lab.foreign()).reduce((sum, { packets }) => sum + packets, 0)
}

t.test('without multilink late resets do reach the gateways with a foreign source', async (t) => {
  const lab = await labOf(t, {}, { foreignExpected: true })
  await lab.box.run(['ifup', 'eth0', lan.device])
  const masquerade = 'add table ip n; add chain ip n p { type nat hook postrouting priority 100; }'
  await lab.box.run(['nft', `${masquerade}; add rule ip n p oifname eth0 masquerade`])
  const strays = await fromLanHost(lab)
  await until('a gateway has counted some', async () => (await foreignPackets(lab)) > 0)
  await strays.close()
  t.pass('so the counters of the other tests can fail')
})

t.test('no gateway sees a foreign source', async (t) => {
  const lab = await balancedLab(t)
  const box = await lab.agent('box')
  const host = await lab.agent('lan')

  await t.test('while a LAN host sends late resets and packets of dead connections', async (t) => {
    await host.call('openStreams', { host: server(1), port: ports.echo, count: 6 })
    await host.call('askMany', { hosts: servers, port: ports.who, count: 100, parallel: 4 })
    const strays = await fromLanHost(lab)
    await strays.more(450)
    await strays.close()
    t.equal(await foreignPackets(lab), 0)
    for (const { error } of await host.call('closeStreams'))
      t.equal(error, undefined, 'and the streams live on')
  })

  await t.test('while links go down and up under load', async (t) => {
    await box.call('openStreams', { host: server(1), port: ports.echo, count: 6, every: 10 })
    await host.call('openStreams', { host: server(1), port: ports.echo, count: 6, every: 10 })
    const steady = { hosts: servers, port: ports.who, perSecond: 50 }
    await box.call('startSteady', steady)
    await host.call('startSteady', steady)
    const strays = await fromLanHost(lab)
    const asked = async (): Promise<number> =>
      (await box.call('steadyState')).asked + (await host.call('steadyState')).asked
    let changes = 0
    for (let i = 0; strays.sent() < 1500 || (await asked()) <= 300; i++) {
      const name = linkNames[i % linkNames.length] as string
      await lab.box.run(['ifdown', name])
      await lab.box.run(['ifup', name])
      changes += 2
      // Streams on the link that went are lost; others take their place, so that every link keeps some.
      for (const agent of [box, host]) {
        await agent.call('closeStreams')
        await agent
          .call('openStreams', { host: server(1), port: ports.echo, count: 6, every: 10 })
          .catch(() => [])
      }
    }
    await strays.close()
    t.comment(`${changes} changes, ${strays.sent()} strays, ${await asked()} connections`)
    for (const agent of [box, host]) await agent.call('stopSteady')
    t.equal(await foreignPackets(lab), 0)
  })

  await t.test('while multilink applies and while an ifdown finds the LAN host sending', async (t) => {
    const strays = await fromLanHost(lab)
    for (let i = 0; i < 3; i++) await lab.box.run(['multilink', 'apply'])
    for (const how of ['ifdown', 'ifup']) {
      await lab.box.run([how, ...linkNames])
      await strays.more(200)
    }
    await strays.close()
    t.equal(await foreignPackets(lab), 0)
  })

  await t.test('while answers come for a LAN host whose network has just gone', async (t) => {
    // What a server sends again and again finds no way to the host but a default.
    const dropped = async (): Promise<number> => {
      const { stdout } = await lab.box.run(['nft', 'list', 'counter', 'inet', 'multilink', 'strays'])
      return Number(/packets (\d+)/.exec(stdout)?.[1])
    }
    await host.call('openStreams', { host: server(1), port: ports.echo, count: 6, every: 10 })
    const before = await dropped()
    await lab.box.run(['ip', 'link', 'set', lan.device, 'down'])
    await until('answers were dropped', async () => (await dropped()) >= before + 12)
    t.equal(await foreignPackets(lab), 0)
  })
})
