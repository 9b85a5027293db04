// The plan as an admin and as a program read it.

import t from 'tap'
import { buildPlan } from '../../../src/plan/build.js'
import { formatPlan, formatPlanJson, formatPorts } from '../../../src/plan/format.js'
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
  1101: fwmark 0/0xff000000 goto 1357
      what is not marked passes the links by
  1101: fwmark 0xff000000/0xff000000 goto 1357
      the probe passes the links by and goes where an unmarked packet would go
  1102: fwmark 0x1000000/0xff000000 lookup 1001
      what is pinned to eth0 leaves by its table
  1103: fwmark 0x2000000/0xff000000 lookup 1002
      what is pinned to eth1 leaves by its table
  1356: not fwmark 0/0xff000000 unreachable
      a pinned packet whose link has no route never leaves by another link
  1357: nop
      where they go on
  32765: fwmark 0xff000000/0xff000000 lookup 1000
      in the place of main's default: next hops that tell what would have taken it
  32800: lookup 1001
      a default by eth0 when main has none
  32801: lookup 1002
      a default by eth1 when main has none
`)
})

t.test('what differs from the defaults is shown, in 80 columns', async (t) => {
  const targets = [1, 2, 3, 4, 5, 6].map((number) => `2001:db8:ffff:ffff::${number}`)
  const odd = [
    linkNamed('eth0', { gateway6: 'fe80::1', check: 'gateway', tier: 2 }),
    linkNamed('eth1', { check: ['192.0.2.1', ...targets], networks: ['10.8.0.0/16', '2001:db8::/32'] }),
    linkNamed('wwan0', { tier: 1, failback: 'all', onLoss: 'keep', ownDns: false, ipv6: false, gateway6: 'none' }),
    linkNamed('wwan1', { tier: 1, checkCommand: '/usr/local/sbin/probe --fast' }),
  ]
  const config = configOf(odd, {
    udpAnswers: false,
    offload: true,
    bypass: { ...bypass, networks: [...targets, 'fd00::/8'], strict: true },
    check: { interval: 0.2, downAfter: 1, upAfter: 5, quorum: 1, maxLoss: 10, maxRtt: 300 },
  })
  const text = formatPlan(buildPlan(config, new Map()).plan)
  const [shown = ''] = text.split('\nip rules\n')
  t.equal(shown, `method nth, mask 0xff000000, helpers ftp
udp_answers no
offload yes

eth0 (default, tier 2)
  mark 0x01000000  table 1001  weight 1  share 0.0%
  gateway auto  masquerade yes
  gateway6 fe80::1
  check gateway
eth1
  mark 0x02000000  table 1002  weight 1  share 100.0%
  gateway auto  masquerade yes
  networks 10.8.0.0/16 2001:db8::/32
  check 192.0.2.1 2001:db8:ffff:ffff::1 2001:db8:ffff:ffff::2
        2001:db8:ffff:ffff::3 2001:db8:ffff:ffff::4 2001:db8:ffff:ffff::5
        2001:db8:ffff:ffff::6
wwan0 (tier 1)
  mark 0x03000000  table 1003  weight 1  share 0.0%
  gateway auto  masquerade yes
  ipv6 no
  on_loss keep  failback all  own_dns no
wwan1 (tier 1)
  mark 0x04000000  table 1004  weight 1  share 0.0%
  gateway auto  masquerade yes
  check_command /usr/local/sbin/probe --fast

slots  eth1
bypass 2001:db8:ffff:ffff::1 2001:db8:ffff:ffff::2 2001:db8:ffff:ffff::3
       2001:db8:ffff:ffff::4 2001:db8:ffff:ffff::5 2001:db8:ffff:ffff::6
       fd00::/8 tcp/22 tcp/6660-6669 udp/53
       strict: unreachable while the default link is out
check  every 0.2 s, timeout 0.15 s, out after 1 round, back after 5 rounds,
       quorum 1, max_loss 10%, max_rtt 300 ms
`)
  t.ok(shown.split('\n').every((line) => line.length <= 80))
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
