// Boot with every link down: it ends, the LAN reaches the box, and the first link that comes up carries everything.
// How long a start takes is measured, not asserted: `npm run measure`.

import t from 'tap'
import { configure, deb, labOf, linkNames, ports, tally } from './scenario.js'
import { lan, server } from './topology.js'

t.test('a machine that boots with every link down', async (t) => {
  const lab = await labOf(t, { deb })
  const { box } = lab
  await configure(lab, {})
  // As after a reboot: the rendered set is there, the kernel and /run know nothing of it.
  await box.sh(
    "nft flush ruleset; ip rule | sed -n '/proto 157$/ s/:.*//p' | xargs -n1 ip rule delete priority",
  )
  await box.sh('rm -rf /run/multilink; ip link set lo down')

  const boot = await box.run(['/etc/init.d/multilink', 'start'])
  t.comment(`boot took ${Math.round(boot.milliseconds)} ms`)
  t.match((await box.run(['nft', 'list', 'tables'])).stdout, 'inet multilink')

  await box.run(['ip', 'link', 'set', 'lo', 'up'])
  await box.run(['ifup', lan.device])
  await (await lab.agent('box')).call('who', { port: 8080 })
  const host = await lab.agent('lan')
  const greeting = await host.call('ask', { host: lan.boxAddress, port: 8080 })
  t.equal(greeting.seenAs, lan.hostAddress, 'a LAN host reaches it')
  const beyond = await (await lab.agent('box')).call('ask', { host: server(1), port: ports.who })
  t.match(beyond.error, /ENETUNREACH|EHOSTUNREACH/, 'it is told that there is no way out')

  for (const first of ['rausb0', 'eth1', 'eth0']) {
    await box.run(['ifup', first])
    for (const place of ['box', 'lan'] as const) {
      const agent = await lab.agent(place)
      const answers = await agent.call('askMany', { hosts: [server(1)], port: ports.who, count: 12 })
      t.same(tally(answers), { [first]: 12 }, `${first}, alone, carries everything (${place})`)
    }
    await box.run(['ifdown', first])
  }

  await box.run(['ifup', ...linkNames])
  const agent = await lab.agent('box')
  const answers = await agent.call('askMany', { hosts: [server(1)], port: ports.who, count: 12 })
  t.same(tally(answers), { eth0: 4, eth1: 4, rausb0: 4 }, 'all three share')
})
