// A gateway in the config that is not the one of main's default route: connections of its link go to it, also
// when its link is the one that the kernel would have taken anyway.

import t from 'tap'
import { configOf, labOf, deb, linkNames, ports, tally } from './scenario.js'
import { lan, server } from './topology.js'

const other = '192.168.1.254'

t.test('the config has another gateway than the default route', async (t) => {
  const lab = await labOf(t, { deb })
  const config = configOf().replace('[link.eth0]\n', `[link.eth0]\ngateway = "${other}"\n`)
  await lab.box.write('/etc/multilink.conf', config)
  await lab.box.run(['multilink', 'apply'])
  await lab.box.run(['ifup', ...linkNames, lan.device])
  t.match((await lab.box.run(['ip', 'route', 'show', 'default'])).stdout, 'via 192.168.1.1 dev eth0')

  for (const place of ['box', 'lan'] as const) {
    const agent = await lab.agent(place)
    const ask = { hosts: [server(1)], port: ports.who, count: 3 }
    await t.test(`from ${place}`, async (t) => {
      const counts = tally(await agent.call('askAtOnce', { ...ask, silent: 1 }))
      const lost = Object.keys(counts).filter((name) => !linkNames.includes(name))
      t.same([counts.eth0, counts.eth1, counts.rausb0, lost.length], [undefined, 1, 1, 1], 'nobody is there')
      t.match((await lab.box.run(['ip', 'neigh', 'show', other, 'dev', 'eth0'])).stdout, other, 'it was called')

      await lab.run('gw-eth0', ['ip', 'address', 'add', `${other}/24`, 'dev', 'box'])
      await lab.box.run(['ip', 'neigh', 'flush', 'dev', 'eth0', 'nud', 'all'])
      const served = tally(await agent.call('askMany', { ...ask, parallel: 3 }))
      t.same(served, { eth0: 1, eth1: 1, rausb0: 1 }, 'once it is there it serves')
      await lab.run('gw-eth0', ['ip', 'address', 'delete', `${other}/24`, 'dev', 'box'])
      await lab.box.run(['ip', 'neigh', 'flush', 'dev', 'eth0', 'nud', 'all'])
    })
  }
})
