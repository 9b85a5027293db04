// The plan as an admin and as a program read it.

import t from 'tap'
import { buildPlan } from '../../src/plan/build.js'
import { formatPlan, formatPlanJson, formatPorts } from '../../src/plan/format.js'
import { configOf, linkNamed } from './config.js'

const links = [
  linkNamed('eth0', { weight: 3 }),
  linkNamed('eth1', { gateway: '172.16.0.1', masquerade: false, networks: ['10.8.0.0/16', '10.10.0.0/16'] }),
]
const bypass = {
  networks: ['192.168.1.0/24'],
  tcp: [{ first: 22, last: 22 }, { first: 6660, last: 6669 }],
  udp: [{ first: 53, last: 53 }],
  strict: false,
}

t.test('the plan of two links, word for word', async (t) => {
  const { plan } = buildPlan(configOf(links, { bypass }), new Map())
  t.equal(formatPlan(plan), `method nth, mask 0xff000000, helpers ftp

eth0 (default)
  mark 0x01000000  table 1001  weight 3  share 75.0%
  gateway auto  masquerade yes
eth1
  mark 0x02000000  table 1002  weight 1  share 25.0%
  gateway 172.16.0.1  masquerade no
  networks 10.8.0.0/16 10.10.0.0/16

slots  eth0 eth0 eth1 eth0
bypass 192.168.1.0/24 tcp/22 tcp/6660-6669 udp/53

ip rules
  1100: not fwmark 0/0xff000000 lookup main suppress_prefixlength 0
      a connected or static route in main wins over a link, its default routes do not
  1101: fwmark 0xff000000/0xff000000 goto 1357
      the probe passes the links by and goes where an unmarked packet would go
  1102: fwmark 0x1000000/0xff000000 lookup 1001
      what is pinned to eth0 leaves by its table
  1103: fwmark 0x2000000/0xff000000 lookup 1002
      what is pinned to eth1 leaves by its table
  1356: not fwmark 0/0xff000000 unreachable
      a pinned packet whose link has no route never leaves by another link
  1357: nop
      where the probe goes on
  32765: fwmark 0xff000000/0xff000000 lookup 1000
      in the place of main's default: next hops that tell what would have taken it
  32800: lookup 1001
      a default by eth0 when main has none
  32801: lookup 1002
      a default by eth1 when main has none
`)
})

t.test('many slots are abbreviated, and said to be', async (t) => {
  const { plan } = buildPlan(configOf([linkNamed('a', { weight: 12 }), linkNamed('b')]), new Map())
  t.match(formatPlan(plan), /^slots {2}(a ){6}b( a){5} … \(13 in all\)$/m)
})

t.test('what is empty is said so', async (t) => {
  const { plan } = buildPlan(configOf([linkNamed('a')], { helpers: [] }), new Map())
  t.match(formatPlan(plan), 'helpers none\n')
  t.match(formatPlan(plan), 'bypass nothing\n')
  t.equal(formatPlan(buildPlan(configOf([]), new Map()).plan),
    '/etc/multilink.conf defines no link: nothing is to be changed.\n')
})

t.test('as JSON marks are spelled as nft lists them, everything else is the plan', async (t) => {
  const { plan } = buildPlan(configOf(links, { bypass }), new Map())
  const json = JSON.parse(formatPlanJson(plan)) as { links: object[]; probe: object }
  t.strictSame(json, {
    ...plan,
    mask: '0xff000000',
    hashSeed: '0x6d6c6e6b',
    probe: { ...plan.probe, mark: '0xff000000' },
    links: plan.links.map((link, index) => ({ ...link, mark: `0x0${index + 1}000000` })),
  })
  t.ok(formatPlanJson(plan).endsWith('}\n'))
})

t.test('a range of one port is that port', async (t) => {
  t.equal(formatPorts({ first: 22, last: 22 }), '22')
  t.equal(formatPorts({ first: 6660, last: 6669 }), '6660-6669')
})
