// The test ground itself: IPv6 on a box without multilink, and what can go wrong at a gateway. So a lab test that sees
// nothing wrong can be believed.

import t, { type Test } from 'tap'
import { silence, waitLimit } from '../../limits.js'
import type { Lab } from '../network.js'
import { labOf, linkNames, linksOf, ports } from '../scenario.js'
import { lan, links, server, server6, stanza } from '../topology.js'
import { until } from '../wait.js'

/** The box as a plain router over its first link, which is what it is without multilink. */
async function plainLab(t: Test, v6: 'static' | 'ra', dad = false): Promise<Lab> {
  const lab = await labOf(t, { v6, dad }, { foreignExpected: true })
  await lab.box.run(['ifup', lan.device, ...linkNames])
  const masquerade = 'add table ip n; add chain ip n p { type nat hook postrouting priority 100; }'
  await lab.box.run(['nft', `${masquerade}; add rule ip n p oifname eth0 masquerade`])
  return lab
}

async function foreignPackets(lab: Lab): Promise<number> {
  return Object.values(await lab.foreign()).reduce((sum, { packets }) => sum + packets, 0)
}

t.test('static IPv6', async (t) => {
  const lab = await plainLab(t, 'static', true)
  const box = await lab.agent('box')
  const lan = await lab.agent('lan')

  await t.test('servers see the address that the box chose', async (t) => {
    for (const { name, address6: localAddress, gateway6 } of links) {
      await lab.box.run(['ip', '-6', 'route', 'replace', 'default', 'via', gateway6, 'dev', name])
      const ask = { host: server6(1), port: ports.who, localAddress }
      const answers = [await box.call('ask', ask), await box.call('askUdp', ask)]
      t.same(linksOf(answers), [name, name])
    }
    await lab.box.run(['ip', '-6', 'route', 'replace', 'default', 'via', 'fe80::1', 'dev', 'eth0'])
    const streams = await box.call('openStreams', { host: server6(1), port: ports.echo, count: 1 })
    t.equal(streams[0]?.seenAs, links[0]?.address6)
    await box.call('closeStreams')
    t.equal(await foreignPackets(lab), 0)
  })

  await t.test('a foreign source is counted, in each family', async (t) => {
    const ask = { port: ports.who, timeout: silence }
    const unanswered = [lan.call('ask', { ...ask, host: server6(1) })]
    await until('the LAN host is not translated', async () => (await foreignPackets(lab)) > 0)
    const { eth0 } = await lab.foreign()
    t.match(eth0?.samples.join(), 'fd00:1::2 2001:db8:ffff::1 tcp')
    await Promise.all(unanswered)
    const packets = await foreignPackets(lab)
    await lab.box.run(['nft', 'delete', 'table', 'ip', 'n'])
    unanswered.push(lan.call('ask', { ...ask, host: server(1) }))
    await until('nor is it now in IPv4', async () => (await foreignPackets(lab)) > packets)
    for (const { error } of await Promise.all(unanswered)) t.match(error, 'ETIMEDOUT')
  })
})

t.test('IPv6 by router advertisements', async (t) => {
  const lab = await plainLab(t, 'ra')
  const box = await lab.agent('box')
  for (const { name, autoAddress6, gateway6 } of links) {
    const advertised = async (): Promise<boolean> => {
      const { stdout } = await lab.box.sh(`ip -6 address show dev ${name}; ip -6 route show default dev ${name}`)
      return stdout.includes(autoAddress6) && stdout.includes(`default via ${gateway6}`)
    }
    await until(`${name} has its address and its route`, advertised)
    const route = ['ip', '-6', 'route', 'replace', 'default', 'via', gateway6, 'dev', name, 'metric', '1']
    await lab.box.run(route)
    t.same(linksOf([await box.call('ask', { host: server6(1), port: ports.who })]), [name])
    await lab.box.run(route.with(3, 'delete'))
  }
  t.equal(await foreignPackets(lab), 0)
})

t.test('what can go wrong at a gateway', async (t) => {
  const lab = await plainLab(t, 'static')
  const box = await lab.agent('box')
  const hosts = [server(1), server6(1)]
  const errors = async (timeout: number): Promise<(string | undefined)[]> => {
    const asks = hosts.map((host) => ({ host, port: ports.who, timeout }))
    const answers = await Promise.all(asks.flatMap((ask) => [box.call('ask', ask), box.call('askUdp', ask)]))
    return answers.map(({ error }) => error?.replace(/ .*/, ''))
  }
  // What is lost while the neighbours are asked for is never answered; so these ask anew.
  const wellAgain = (): Promise<unknown> =>
    until('all is well again', async () => (await errors(silence)).every((error) => error === undefined))
  const fine = Array<undefined>(4).fill(undefined)
  const silent = Array<string>(4).fill('ETIMEDOUT')
  const pings = async (host: string, wait = waitLimit): Promise<boolean> =>
    (await lab.box.run(['ping', '-c1', '-W', String(wait / 1000), host], { reject: false })).code === 0
  t.same(await errors(waitLimit), fine)

  await t.test('a dead provider: the gateway answers, nothing passes beyond', async (t) => {
    await lab.kill('eth0')
    t.same(await errors(silence), silent)
    t.ok((await pings('192.168.1.1')) && (await pings('fe80::1%eth0')))
    await lab.revive('eth0')
    t.same(await errors(waitLimit), fine)
  })

  await t.test('a dead gateway: carrier and nothing else', async (t) => {
    await lab.gatewayDead('eth0')
    await lab.box.run(['ip', 'neighbour', 'flush', 'dev', 'eth0'])
    const answers = await errors(silence)
    t.ok(answers.every((error) => error === 'ETIMEDOUT' || error === 'EHOSTUNREACH'), answers.join())
    t.notOk((await pings('192.168.1.1', silence)) || (await pings('fe80::1%eth0', silence)))
    t.match((await lab.box.run(['ip', 'link', 'show', 'eth0'])).stdout, 'LOWER_UP')
    await lab.revive('eth0')
    await wellAgain()
  })

  await t.test('addresses beyond that do not answer', async (t) => {
    await lab.unreachable('eth0', [server(1), server6(1)])
    t.same(await errors(silence), silent)
    t.ok((await pings(server(2))) && (await pings(server6(2))))
    await lab.unreachable('eth0', [])
    t.same(await errors(waitLimit), fine)
  })

  await t.test('a cable that is pulled and plugged in', async (t) => {
    await lab.cable('eth0', false)
    t.match((await lab.box.run(['ip', 'link', 'show', 'eth0'])).stdout, 'NO-CARRIER')
    await lab.cable('eth0', true)
    await wellAgain()
  })

  for (const host of [server(1), server6(1)]) {
    await t.test(`loss and delay, ${host}`, async (t) => {
      // Only the last of them are waited for: earlier ones are heard whenever they come.
      const ping = async (count: number, wait = waitLimit): Promise<string> => {
        const words = ['ping', '-q', `-c${count}`, '-i0.002', '-W', String(wait / 1000), host]
        return (await lab.box.run(words, { reject: false })).stdout
      }
      const lostOf = (text: string): number => Number(/([\d.]+)% packet loss/.exec(text)?.[1])
      await lab.loss('eth0', 20)
      const percent = lostOf(await ping(500, silence))
      // Each way: 36% of the round trips; 500 of them are within 5 standard errors of it, 10.7%.
      t.ok(percent > 25.2 && percent < 46.8, `${percent}% of the round trips were lost`)
      await lab.loss('eth0', 0)
      t.equal(lostOf(await ping(500)), 0)
      // The quickest of twenty: how much longer one takes than it has to is this machine's business.
      const quickest = async (): Promise<number> => Number(/ = ([\d.]+)\//.exec(await ping(20))?.[1])
      await lab.delay('eth0', 120)
      t.ok((await quickest()) >= 120, 'none is quicker than the delay')
      await until('one takes little longer', async () => (await quickest()) < 180)
      t.same(await errors(waitLimit), fine)
      await lab.delay('eth0', 0)
      await until('one is quicker again', async () => (await quickest()) < 100)
    })
  }
})

t.test('what is asked for in vain', async (t) => {
  const lab = await labOf(t)
  t.equal((await lab.box.read('/etc/network/interfaces.d/eth0')).trim(), stanza('eth0').trim())
  t.notMatch(stanza('eth0'), 'inet6', 'a lab has no IPv6 unless asked for')
  await t.rejects(lab.kill('eth9'), { message: 'no link is named eth9' })
})
