// No link is usable: who asks gets the kernel's error and does not wait for an answer, the LAN side answers, and the
// first link to come up carries everything with no command given.

import t, { type Test } from 'tap'
import { balancedLab, changed, linkNames, linksOf, ports } from './scenario.js'
import type { Lab } from './network.js'
import { lan, server } from './topology.js'

const question = { host: server(1), port: ports.who }

async function checkNothing(t: Test, lab: Lab): Promise<void> {
  // The kernel sends one host six ICMP errors at once, then one a second. (With icmp_ratelimit = 0 it would take the
  // tokens away that its own "no route" is counted by, net/ipv4/route.c: one a second then.)
  await lab.box.run(['sysctl', '-qw', 'net.ipv4.icmp_ratemask=0'])
  const box = await lab.agent('box')
  const host = await lab.agent('lan')
  for (const method of ['ask', 'askUdp'] as const) {
    const local = await box.call(method, question)
    t.match(local.error, /ENETUNREACH|EPERM/, `this machine, ${method}`)
  }
  const forwarded = await host.call('ask', question)
  t.match(forwarded.error, /ENETUNREACH|EHOSTUNREACH/, 'a LAN host')
  const { error } = await host.call('ask', { host: lan.boxAddress, port: 1 })
  t.equal(error, 'ECONNREFUSED', 'the LAN side answers')
}

async function checkOne(t: Test, lab: Lab, name: string): Promise<void> {
  const box = await lab.agent('box')
  const host = await lab.agent('lan')
  for (const method of ['ask', 'askUdp'] as const) {
    t.same(linksOf([await box.call(method, question), await host.call(method, question)]), [name, name], method)
  }
}

t.test('boot with none', async (t) => {
  const lab = await balancedLab(t, { up: [lan.device] })
  await checkNothing(t, lab)
  await lab.box.run(['ifup', 'rausb0'])
  await checkOne(t, lab, 'rausb0')
})

t.test('all links gone', async (t) => {
  const lab = await balancedLab(t)
  await t.test('by ifdown', async (t) => {
    await lab.box.run(['ifdown', ...linkNames])
    await checkNothing(t, lab)
  })
  for (const name of linkNames) {
    await t.test(`the first to come back: ${name}`, async (t) => {
      await lab.box.run(['ifup', name])
      await checkOne(t, lab, name)
      await lab.box.run(['ifdown', name])
      await checkNothing(t, lab)
    })
  }
  await t.test('by carrier', async (t) => {
    await lab.box.run(['ifup', ...linkNames])
    const plug = async (name: string, how: 'up' | 'down'): Promise<void> => {
      await lab.run(`gw-${name}`, ['ip', 'link', 'set', 'box', how])
      await lab.box.run([changed])
    }
    for (const name of linkNames) await plug(name, 'down')
    await checkNothing(t, lab)
    await plug('eth1', 'up')
    await checkOne(t, lab, 'eth1')
    await plug('eth1', 'down')
    await checkNothing(t, lab)
  })
})
