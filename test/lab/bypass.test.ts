// What the config sends over one link only: bypassed networks and ports over the default link, a link's own
// networks over that link; and masquerade = false, which keeps a forwarded packet's source.

import t from 'tap'
import { balancedLab, linkNames, linksOf, ports, tally } from './scenario.js'
import { lan, server } from './topology.js'
import { until } from './wait.js'

t.test('bypass and networks', async (t) => {
  const more = `
networks = ["${server(60)}/32"]

[bypass]
networks = ["${server(50)}/31"]
tcp = [7100, "7110-7112"]
udp = [7100]`
  const lab = await balancedLab(t, { more })
  const internet = await lab.agent('internet')
  for (const port of [7100, 7109, 7110, 7112, 7113]) await internet.call('who', { port })
  await internet.call('whoUdp', { port: 7100, hosts: [server(1)] })

  for (const place of ['box', 'lan'] as const) {
    const agent = await lab.agent(place)
    const ask = async (host: string, port: number, udp = false): Promise<Record<string, number>> =>
      tally(await agent.call('askMany', { hosts: [host], port, count: 6, udp }))
    const balanced = { eth0: 2, eth1: 2, rausb0: 2 }

    await t.test(`from ${place}`, async (t) => {
      t.same(await ask(server(50), ports.who), { eth0: 6 }, 'a bypassed network takes the default link')
      t.same(await ask(server(51), ports.who), { eth0: 6 }, 'all of it')
      t.same(await ask(server(52), ports.who), balanced, 'and nothing beside it')
      t.same(await ask(server(1), 7100), { eth0: 6 }, 'a bypassed port does')
      t.same(await ask(server(1), 7110), { eth0: 6 }, 'the first of a range')
      t.same(await ask(server(1), 7112), { eth0: 6 }, 'the last of a range')
      t.same(await ask(server(1), 7109), balanced, 'the one before it does not')
      t.same(await ask(server(1), 7113), balanced, 'nor the one after it')
      t.same(await ask(server(1), 7100, true), { eth0: 6 }, 'a bypassed UDP port does')
      t.same(await ask(server(60), ports.who), { rausb0: 6 }, "a link's own network is reached over it")
    })
  }

  await t.test('bypassed traffic takes another link when the default one is out', async (t) => {
    await lab.box.run(['ifdown', 'eth0'])
    const agent = await lab.agent('box')
    const answers = await agent.call('askMany', { hosts: [server(50)], port: ports.who, count: 6 })
    t.equal(new Set(linksOf(answers)).size, 1, 'one and the same')
    await lab.box.run(['ifup', 'eth0'])
    t.same(tally(await agent.call('askMany', { hosts: [server(50)], port: ports.who, count: 3 })), {
      eth0: 3,
    })
  })
})

t.test('masquerade = false', async (t) => {
  // rausb0 is the last link of the config, so this is its key.
  const lab = await balancedLab(t, { more: 'masquerade = false' }, { foreignExpected: true })
  const box = await lab.agent('box')
  const mine = linksOf(await box.call('askMany', { hosts: [server(1)], port: ports.who, count: 6 }))
  t.same(
    [...new Set(mine)].sort(),
    [...linkNames].sort(),
    "this machine's own packets still have the right source",
  )
  const before = await lab.foreign()
  t.same(
    linkNames.map((name) => before[name]?.packets),
    [0, 0, 0],
  )

  const host = await lab.agent('lan')
  const answers = await host.call('askAtOnce', { hosts: [server(1)], port: ports.who, count: 3, silent: 1 })
  t.equal(
    answers.filter(({ error }) => error === undefined).length,
    2,
    'over the other two links a LAN host connects',
  )
  await until('the gateway of the third has counted it', async () => ((await lab.foreign()).rausb0?.packets ?? 0) > 0)
  const after = await lab.foreign()
  t.match(
    after.rausb0?.samples.join(),
    `${lan.hostAddress} ${server(1)} tcp`,
    'over this one its source is kept',
  )
  t.same([after.eth0?.packets, after.eth1?.packets], [0, 0])
})
