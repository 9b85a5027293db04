// No packet with a foreign source reaches a gateway: while links go up and down under load and a LAN host
// sends late resets and packets of dead connections. Every lab asserts the same counters when it closes; this
// one provokes them.

import { fileURLToPath } from 'node:url'
import t from 'tap'
import { balancedLab, labOf, linkNames, ports } from './scenario.js'
import type { Lab } from './network.js'
import { lan, server } from './topology.js'
import { until } from './wait.js'

const rawPackets = fileURLToPath(new URL('raw-packets.py', import.meta.url))
const servers = [server(1), server(2), server(3)]

/** Sends strays from the LAN host for some seconds; resolves to how many. */
async function sendStrays(lab: Lab, seconds: number): Promise<number> {
  // Ports of connections that are or were there: their late packets meet entries in every state.
  const { stdout } = await lab.run('lan', ['ss', '-Hant'])
  const used = [...stdout.matchAll(/10\.1\.1\.2:(\d+)/g)].map((match) => match[1])
  const options = [
    String(seconds),
    '150',
    lan.hostAddress,
    servers.join(),
    ...(used.length ? [used.join()] : []),
  ]
  const sent = await lab.run('lan', ['/usr/bin/python3', rawPackets, ...options], { timeout: 60_000 })
  return Number(sent.stdout)
}

async function foreignPackets(lab: Lab): Promise<number> {
  return Object.values(await lab.foreign()).reduce((sum, { packets }) => sum + packets, 0)
}

t.test('without multilink late resets do reach the gateways with a foreign source', async (t) => {
  const lab = await labOf(t, {}, { foreignExpected: true })
  await lab.box.run(['ifup', 'eth0', lan.device])
  const masquerade = 'add table ip n; add chain ip n p { type nat hook postrouting priority 100; }'
  await lab.box.run(['nft', `${masquerade}; add rule ip n p oifname eth0 masquerade`])
  await sendStrays(lab, 1)
  t.ok((await foreignPackets(lab)) > 0, 'so the counters of the other tests can fail')
})

t.test('no gateway sees a foreign source', async (t) => {
  const lab = await balancedLab(t)
  const box = await lab.agent('box')
  const host = await lab.agent('lan')

  await t.test('while a LAN host sends late resets and packets of dead connections', async (t) => {
    await host.call('openStreams', { host: server(1), port: ports.echo, count: 6 })
    await host.call('askMany', { hosts: servers, port: ports.who, count: 100, parallel: 4 })
    const sent = await sendStrays(lab, 3)
    t.ok(sent > 100, `${sent} strays were sent`)
    t.equal(await foreignPackets(lab), 0)
    for (const { error } of await host.call('closeStreams'))
      t.equal(error, undefined, 'and the streams live on')
  })

  await t.test('while links go down and up under load', async (t) => {
    await box.call('openStreams', { host: server(1), port: ports.echo, count: 6, every: 10 })
    await host.call('openStreams', { host: server(1), port: ports.echo, count: 6, every: 10 })
    const steady = { hosts: servers, port: ports.who, perSecond: 50, timeout: 2000 }
    await box.call('startSteady', steady)
    await host.call('startSteady', steady)
    const strays = sendStrays(lab, 10)
    const sending = { done: false }
    void strays.then(() => (sending.done = true))
    let changes = 0
    for (let i = 0; !sending.done; i++) {
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
    t.comment(`${changes} changes, ${await strays} strays`)
    const answers = [...(await box.call('stopSteady')), ...(await host.call('stopSteady'))]
    t.ok(answers.length > 300, `${answers.length} connections meanwhile`)
    t.equal(await foreignPackets(lab), 0)
  })

  await t.test('while multilink applies and while an ifdown finds the LAN host sending', async (t) => {
    const strays = sendStrays(lab, 5)
    for (let i = 0; i < 3; i++) await lab.box.run(['multilink', 'apply'])
    await lab.box.run(['ifdown', ...linkNames])
    await lab.box.run(['ifup', ...linkNames])
    await strays
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
