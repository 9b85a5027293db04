// The admin's firewall, iptables or nft, loaded before or after multilink: it works as it did, and so does
// the balance.

import t from 'tap'
import { silence } from '../limits.js'
import type { Lab } from './network.js'
import { configure, deb, labOf, linkNames, ports, tally } from './scenario.js'
import { lan, server } from './topology.js'

const iptables = `*mangle
-A PREROUTING -i eth2 -p tcp --dport 7001 -j MARK --set-mark 0x40
-A POSTROUTING -m mark --mark 0x40 -j ACCEPT
COMMIT
*filter
:INPUT DROP
:FORWARD DROP
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp --dport 8080 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth2 -j ACCEPT
COMMIT
`

const nft = `
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 8080 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "eth2" accept
  }
  chain output { type filter hook output priority filter; policy accept; }
}
`

const firewalls = {
  iptables: {
    load: (lab: Lab) => lab.box.run(['iptables-restore'], { input: iptables }),
    list: async (lab: Lab) =>
      (await lab.box.run(['iptables-save'])).stdout.replace(/^#.*\n?|\[\d+:\d+\]/gm, ''),
  },
  nft: {
    load: (lab: Lab) => lab.box.run(['nft', '-f', '-'], { input: nft }),
    list: async (lab: Lab) => (await lab.box.run(['nft', '-s', 'list', 'table', 'inet', 'filter'])).stdout,
  },
}

for (const [kind, firewall] of Object.entries(firewalls)) {
  for (const order of ['before', 'after'] as const) {
    t.test(`an ${kind} firewall loaded ${order} multilink`, async (t) => {
      const lab = await labOf(t, { deb })
      const box = await lab.agent('box')
      const internet = await lab.agent('internet')
      if (order === 'before') await firewall.load(lab)
      await configure(lab, {})
      await lab.box.run(['ifup', ...linkNames, lan.device])
      if (order === 'after') await firewall.load(lab)
      const loaded = await firewall.list(lab)

      for (const place of ['box', 'lan'] as const) {
        const agent = await lab.agent(place)
        const answers = await agent.call('askMany', { hosts: [server(1)], port: ports.who, count: 12 })
        t.same(tally(answers), { eth0: 4, eth1: 4, rausb0: 4 }, `connections are balanced (${place})`)
      }
      await box.call('who', { port: 8080 })
      await box.call('who', { port: 8083 })
      for (const { name, publicAddress } of lab.links) {
        for (const port of [8080, 8083]) await lab.publish(name, 'tcp', port)
        const ask = { host: publicAddress, localAddress: server(9) }
        const closed = internet.call('ask', { ...ask, port: 8083, timeout: silence })
        const open = await internet.call('ask', { ...ask, port: 8080 })
        t.equal(open.seenAs, server(9), `what it lets in over ${name} is answered`)
        t.equal(await box.call('heardCount', { port: 8083 }), 0, 'and what it does not, which was asked before, is not')
        t.match((await closed).error, 'ETIMEDOUT')
      }
      await lab.box.run(['ifdown', 'eth1'])
      await lab.box.run(['ifup', 'eth1'])
      await lab.box.run(['multilink', 'apply'])
      t.equal(await firewall.list(lab), loaded, 'its rules are untouched by hooks and apply')
      await lab.box.run(['multilink', 'stop'])
      t.equal(await firewall.list(lab), loaded, 'and by stop')
      t.notMatch((await lab.box.run(['nft', 'list', 'tables'])).stdout, 'multilink')
    })
  }
}
