// IPv6 keeps the promises of IPv4 over the same links. No gateway translates: a server sees the address that the box
// has on the link, and each gateway counts what comes with another.

import t from 'tap'
import { waitLimit } from '../../limits.js'
import { balancedLab, changed, checksFail, configure, linkNames, linksOf, ports, tally } from '../scenario.js'
import type { Lab } from '../network.js'
import { lan, links, linkSeenAs, server, server6 } from '../topology.js'
import { until } from '../wait.js'

/** At once, that is: who waits in vain has ETIMEDOUT, who asks a dead gateway EHOSTUNREACH. */
const unreachable = 'ENETUNREACH'

/** Waits until `ip WORDS` on the box prints what matches. */
async function ipPrints(lab: Lab, words: string, wanted: RegExp): Promise<void> {
  await until(`ip ${words} prints ${String(wanted)}`, async () =>
    wanted.test((await lab.box.run(['ip', ...words.split(' ')])).stdout))
}

let servers = 0

/** The links of `count` connections one after the other, as a server of its own saw them arrive. */
async function connect(lab: Lab, place: 'box' | 'lan', count: number): Promise<string[]> {
  const internet = await lab.agent('internet')
  await internet.call('forget')
  await (await lab.agent(place)).call('askMany', { hosts: [server6(++servers)], port: ports.who, count })
  return linksOf((await internet.call('heard', { port: ports.who })).map(({ from }) => ({ seenAs: from })))
}

/** How often each of the links is there, in the order of the lab's links. */
function counts(names: readonly string[]): number[] {
  return linkNames.map((name) => names.filter((other) => other === name).length)
}

async function curl(lab: Lab, bound: string): Promise<string> {
  const url = `http://[${server6(1)}]:${ports.http}/who`
  const options = ['--silent', '--show-error', '--max-time', String(waitLimit / 1000), '--interface', bound]
  const { stdout, stderr } = await lab.box.run(['curl', ...options, url], { reject: false })
  return stdout === '' ? stderr.trim() : linkSeenAs(stdout.trim())
}

t.test('IPv6, static addresses', async (t) => {
  const lab = await balancedLab(t, { v6: 'static' })

  for (const place of ['box', 'lan'] as const) {
    await t.test(`nth is exact for connections from ${place}`, async (t) => {
      t.same(counts(await connect(lab, place, 300)), [100, 100, 100])
    })
  }

  await t.test('both families take their turns of one sequence', async (t) => {
    const box = await lab.agent('box')
    const names: string[] = []
    for (let i = 0; i < 6; i++) {
      names.push(...linksOf([await box.call('ask', { host: i % 2 ? server(1) : server6(1), port: ports.who })]))
    }
    for (let i = 0; i + 3 <= names.length; i++) t.same(counts(names.slice(i, i + 3)), [1, 1, 1])
  })

  await t.test('a socket bound to a device or an address leaves by that link', async (t) => {
    for (const { name, address6 } of links) {
      for (const bound of name === 'eth0' ? [name] : [name, address6]) {
        for (let i = 0; i < 3; i++) t.equal(await curl(lab, bound), name, `bound to ${bound}`)
      }
    }
  })

  await t.test('what comes in over a link is answered over it, from this machine and from a LAN host', async (t) => {
    await (await lab.agent('box')).call('who', { port: 8080 })
    const internet = await lab.agent('internet')
    for (const { name, address6 } of links) {
      for (let i = 0; i < 3; i++) {
        const answer = await internet.call('ask', { host: address6, port: 8080, localAddress: server6(9) })
        t.equal(answer.seenAs, server6(9), `${name}: ${answer.error ?? 'answered'}`)
      }
    }
  })

  await t.test('a lost link: the others take its place, exactly; it comes back', async (t) => {
    await lab.box.run(['ifdown', 'eth1'])
    t.same(counts(await connect(lab, 'lan', 100)), [50, 0, 50])
    t.match(await curl(lab, 'eth1'), /Couldn't|Failed|Could not|unreachable|eth1/i)
    await lab.box.run(['ifup', 'eth1'])
    t.same(counts(await connect(lab, 'box', 99)), [33, 33, 33])
  })

  await t.test('networks, bypass and ports', async (t) => {
    const own = `networks = ["${server6(20)}/128"]\n[bypass]\nnetworks = ["${server6(21)}"]\ntcp = [${ports.echo}]`
    await configure(lab, { v6: 'static', more: own })
    const box = await lab.agent('box')
    const seen = async (host: string) =>
      linksOf(await box.call('askMany', { hosts: [host], port: ports.who, count: 6 }))
    t.same(counts(await seen(server6(20))), [0, 0, 6], 'a network of rausb0')
    t.same(counts(await seen(server6(21))), [6, 0, 0], 'bypassed')
    t.same(counts(await seen(server6(22))), [2, 2, 2], 'any other')
  })

  await t.test('hash keeps a pair on its link', async (t) => {
    await configure(lab, { v6: 'static', method: 'hash' })
    const box = await lab.agent('box')
    const used = new Set<string>()
    for (let i = 30; i < 50; i++) {
      const names = linksOf(await box.call('askMany', { hosts: [server6(i)], port: ports.who, count: 3 }))
      t.equal(new Set(names).size, 1, `always the same link to ${server6(i)}`)
      used.add(names[0] ?? '')
    }
    t.equal(used.size, 3, 'and all of them are used')
  })

  await t.test('ipv6 = false leaves the family to the kernel', async (t) => {
    await configure(lab, { v6: undefined, top: 'ipv6 = false' })
    t.same(counts(await connect(lab, 'box', 6)), [6, 0, 0])
    t.notMatch((await lab.box.run(['ip', '-6', 'rule'])).stdout, 'fwmark')
    await configure(lab, { v6: 'static' })
    t.same(counts(await connect(lab, 'box', 6)), [2, 2, 2])
  })

  await t.test('all links gone: an error at once, in both families, here and in the LAN', async (t) => {
    for (const how of ['cables out', 'ifdown']) {
      for (const { name } of links) {
        if (how === 'ifdown') await lab.box.run(['ifdown', name])
        else await lab.cable(name, false)
      }
      if (how !== 'ifdown') {
        for (const name of linkNames) await ipPrints(lab, `link show ${name}`, /NO-CARRIER/)
        await lab.box.run([changed])
      }
      for (const place of ['box', 'lan'] as const) {
        const agent = await lab.agent(place)
        for (const host of [server(1), server6(1)]) {
          const { error } = await agent.call('ask', { host, port: ports.who })
          t.equal(error, unreachable, `${how}, ${place} to ${host}`)
        }
      }
      if (how !== 'ifdown') for (const { name } of links) await lab.cable(name, true)
      for (const name of linkNames) await lab.box.run(['ifup', name])
      if (how !== 'ifdown') {
        for (const name of linkNames) await ipPrints(lab, `link show ${name}`, /LOWER_UP/)
        await lab.box.run([changed])
      }
    }
    t.same(tally(await (await lab.agent('lan')).call('askMany', { hosts: [server6(1)], port: ports.who, count: 6 })), {
      eth0: 2,
      eth1: 2,
      rausb0: 2,
    })
  })
})

t.test('the first link has a default route and no address: the kernel lends it another link’s', async (t) => {
  const lab = await balancedLab(t, { v6: 'static', every: 'check = "gateway"\n' })
  const [eth0] = links
  await lab.box.sh(`ip address flush dev eth0 scope global
    ip route add default via ${eth0?.gateway} dev eth0 onlink
    ip -6 route show default | grep -q eth0
    ${changed}`)
  const box = await lab.agent('box')
  const ask = async (host: string): Promise<number[]> =>
    counts(linksOf(await box.call('askMany', { hosts: [host], port: ports.who, count: 20 })))
  for (const host of [server(1), server6(1)]) t.same(await ask(host), [0, 10, 10], 'nobody is bound to that address')
  await lab.box.sh([checksFail('eth1', 4), checksFail('eth1', 6), changed].join('\n'))
  for (const host of [server(1), server6(1)]) t.same(await ask(host), [0, 0, 20], 'nor when its link is out')
})

t.test('a packet that `probed` does not see, as while a table is replaced, is not refused', async (t) => {
  const lab = await balancedLab(t, { v6: 'static' })
  await lab.box.run(['nft', 'flush', 'chain', 'inet', 'multilink', 'probed'])
  const { error } = await (await lab.agent('box')).call('ask', { host: server6(1), port: ports.who })
  t.equal(error, undefined, 'it is sent again, and goes as the kernel says')
})

t.test('IPv6, router advertisements: link-local gateways, no key of the config', async (t) => {
  const lab = await balancedLab(t, { v6: 'ra' })
  for (const name of linkNames) await ipPrints(lab, `-6 route show default dev ${name}`, /via fe80/)
  await lab.box.run([changed])
  t.same(counts(await connect(lab, 'lan', 30)), [10, 10, 10])
  t.match((await lab.box.run(['ip', '-6', 'route', 'show', 'table', '1002'])).stdout, /default via fe80::.* dev eth1/)
})

t.test('a LAN host keeps its own address where the link does not masquerade', async (t) => {
  const lab = await balancedLab(t, { v6: 'static', more: 'masquerade = false' }, { foreignExpected: true })
  await lab.run('internet', ['ip', '-6', 'route', 'add', `${lan.hostAddress6}/128`, 'dev', 'gw-rausb0'])
  const host = await lab.agent('lan')
  const answers = await host.call('askAtOnce', { hosts: [server6(1)], port: ports.who, count: 3, silent: 1 })
  // The gateway drops what is not the box's own, and counts it.
  t.same(answers.map(({ error }) => (error === undefined ? 'answered' : 'dropped')).sort(), [
    'answered',
    'answered',
    'dropped',
  ])
  await until('the gateway has counted it', async () => ((await lab.foreign()).rausb0?.packets ?? 0) > 0)
  t.match((await lab.foreign()).rausb0?.samples.join(), lan.hostAddress6)
})
