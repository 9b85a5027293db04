// The table, letter by letter, from Status objects.

import t from 'tap'
import type { FamilyStatus, LinkStatus, Status } from '../../../src/status/status.js'
import { renderStatus, thisTerminal } from '../../../src/status/table.js'
import { formatBytes, formatLoss, formatRtt, formatShare, wrap } from '../../../src/status/units.js'

process.env['TZ'] = 'UTC'

function link(name: string, more: Partial<LinkStatus> = {}): LinkStatus {
  return {
    name,
    number: 1,
    mark: '0x01000000',
    table: 1001,
    state: 'up',
    reason: null,
    gateway: '192.168.1.1',
    standby: false,
    held: false,
    health: null,
    ipv6: null,
    default: false,
    weight: 1,
    tier: 0,
    share: 0.25,
    given: { connections: 10, share: 0.25 },
    connections: 12,
    open: 3,
    bytes: { in: 1_234_567, out: 999 },
    ...more,
  }
}

const running: Status = {
  schema: 1,
  loaded: true,
  stopped: false,
  since: '2026-01-31T08:15:00.000Z',
  generation: 7,
  config: '/etc/multilink.conf',
  configNewer: false,
  method: 'nth',
  monitor: true,
  offload: null,
  bypass: { ipv4: 'eth0', ipv6: 'eth0' },
  links: [
    link('eth0', {
      default: true,
      weight: 2,
      share: 0.5,
      given: { connections: 21, share: 0.525 },
      open: 1200,
    }),
    link('eth1', {
      state: 'out',
      reason: 'its interface is down or absent',
      gateway: '172.16.0.1',
      bytes: null,
    }),
    link('rausb0', {
      reason: 'in the balance, but it has no carrier',
      gateway: null,
      given: { connections: 0, share: null },
    }),
    link('ppp0', { state: 'down', reason: 'taken down by ifdown', weight: 0, share: 0, open: null }),
  ],
}
const wide = { columns: 80, colours: false }

await t.test('a row a link, and under it what is wrong with it', (t) => {
  t.equal(
    renderStatus(running, wide),
    `\
running: nth since 2026-01-31 08:15:00, generation 7
bypassed traffic: eth0

link    state  gateway      weight  share  given  open      in    out
eth0    up     192.168.1.1       2  50.0%  52.5%  1200  1.2 MB  999 B
eth1    out    172.16.0.1        1  25.0%  25.0%     3       -      -
    its interface is down or absent
rausb0  up     -                 1  25.0%      -     3  1.2 MB  999 B
    in the balance, but it has no carrier
ppp0    down   192.168.1.1       0   0.0%  25.0%     -  1.2 MB  999 B
    taken down by ifdown
`,
  )
  t.end()
})

await t.test('a block a link where a row is too wide', (t) => {
  const text = renderStatus({ ...running, links: running.links.slice(0, 3) }, { columns: 40, colours: false })
  t.equal(
    text.slice(text.indexOf('\n\n') + 2),
    `\
eth0 up, via 192.168.1.1
    weight 2, share 50.0%, given 52.5%
    1200 open, in 1.2 MB, out 999 B
eth1 out, via 172.16.0.1
    its interface is down or absent
    weight 1, share 25.0%, given 25.0%
    3 open, in -, out -
rausb0 up
    in the balance, but it has no
    carrier
    weight 1, share 25.0%, given -
    3 open, in 1.2 MB, out 999 B
`,
  )
  t.end()
})

function family(more: Partial<FamilyStatus> = {}): FamilyStatus {
  const health = { verdict: 'up', reason: null, loss: 0, rtt: 12.34 } as const
  return {
    state: 'up', reason: null, gateway: 'fe80::5054:ff:fe12:3456', standby: false, held: false, health, ...more,
  }
}

/** With checks: a link that is dead beyond its gateway in IPv4, one that has no IPv6, and a backup. */
const families: Status = {
  ...running,
  bypass: { ipv4: 'eth1', ipv6: 'eth0' },
  links: [
    link('eth0', {
      state: 'out',
      reason: 'its checks fail: no answer from 192.0.2.1 192.0.2.2 for 1.5 s',
      health: { verdict: 'down', reason: 'no answer from 192.0.2.1 192.0.2.2 for 1.5 s', loss: 100, rtt: null },
      ipv6: family(),
      share: 0.5,
    }),
    link('eth1', {
      gateway: '172.16.0.1',
      share: 0.5,
      health: family().health,
      ipv6: family({ state: 'out', reason: 'it has no IPv6 address', gateway: null }),
    }),
    link('rausb0', {
      ...family({ standby: true, gateway: '192.168.0.1' }),
      ipv6: family({ standby: true, gateway: '2001:db8:1234:5678:9abc:def0:1234:5678' }),
      tier: 1,
      share: 0,
    }),
  ],
}

await t.test('three links of both families fit in 80 columns: a row a family', (t) => {
  t.equal(
    renderStatus(families, wide),
    `\
running: nth since 2026-01-31 08:15:00, generation 7
bypassed traffic: eth1; IPv6: eth0

link   IP state   loss   rtt gateway     tier share given open     in   out
eth0   v4 out     100%     - 192.168.1.1    0 50.0% 25.0%    3 1.2 MB 999 B
    its checks fail: no answer from 192.0.2.1 192.0.2.2 for 1.5 s
       v6 up        0% 12 ms fe80::5054:ff:fe12:3456
eth1   v4 up        0% 12 ms 172.16.0.1     0 50.0% 25.0%    3 1.2 MB 999 B
       v6 out       0% 12 ms it has no IPv6 address
rausb0 v4 standby   0% 12 ms 192.168.0.1    1  0.0% 25.0%    3 1.2 MB 999 B
       v6 standby   0% 12 ms 2001:db8:1234:5678:9abc:def0:1234:5678
`,
  )
  t.match(
    renderStatus(families, { columns: 120, colours: false }),
    /^link +IP +state +loss +rtt +gateway +tier +weight +share +given +open +in +out$/m,
  )
  t.end()
})

await t.test('and on a phone', (t) => {
  const text = renderStatus(families, { columns: 40, colours: false })
  t.equal(
    text.slice(text.indexOf('\n\n') + 2),
    `\
eth0 IPv4 out, via 192.168.1.1
    its checks fail: no answer from
    192.0.2.1 192.0.2.2 for 1.5 s
    loss 100%, rtt -
    IPv6 up, via fe80::5054:ff:fe12:3456
        loss 0%, rtt 12 ms
    weight 1, share 50.0%, given 25.0%
    3 open, in 1.2 MB, out 999 B
eth1 IPv4 up, via 172.16.0.1
    loss 0%, rtt 12 ms
    IPv6 out
        it has no IPv6 address
        loss 0%, rtt 12 ms
    weight 1, share 50.0%, given 25.0%
    3 open, in 1.2 MB, out 999 B
rausb0 IPv4 standby, via 192.168.0.1
    loss 0%, rtt 12 ms
    IPv6 standby, via 2001:db8:1234:5678:9abc:def0:1234:5678
        loss 0%, rtt 12 ms
    tier 1
    weight 1, share 0.0%, given 25.0%
    3 open, in 1.2 MB, out 999 B
`,
  )
  t.end()
})

await t.test('a link that is usable only in IPv6 does not look lost', (t) => {
  const only = { state: 'out', reason: 'it has no IPv4 address', gateway: null } as const
  const links = [link('eth0', { ...only, ipv6: family({ health: null }) })]
  const status = { ...running, bypass: { ipv4: null, ipv6: 'eth0' }, links }
  t.equal(
    renderStatus(status, wide),
    `\
running: nth since 2026-01-31 08:15:00, generation 7
bypassed traffic: no link; IPv6: eth0

link  IP  state  gateway  weight  share  given  open      in    out
eth0  v4  out    -             1  25.0%  25.0%     3  1.2 MB  999 B
    it has no IPv4 address
      v6  up     fe80::5054:ff:fe12:3456
`,
  )
  const coloured = renderStatus(status, { columns: 80, colours: true })
  t.match(coloured, 'v4  \u001b[33mout  \u001b[0m')
  t.match(coloured, 'v6  \u001b[32mup   \u001b[0m')
  t.end()
})

await t.test('a point-to-point link is usable with IPv6 without a gateway', (t) => {
  const links = [link('ppp0', { ipv6: family({ gateway: null }) })]
  t.match(renderStatus({ ...running, links }, wide), /^ +v6 +up +0% +12 ms +-$/m)
  t.end()
})

await t.test('where no link has IPv6, nothing is said of it', (t) => {
  const ipv6 = family({ state: 'out', reason: 'it has no IPv6 address', gateway: null, health: null })
  const links = running.links.map((each) => ({ ...each, ipv6 }))
  t.equal(renderStatus({ ...running, links, bypass: { ipv4: 'eth0', ipv6: null } }, wide), renderStatus(running, wide))
  t.end()
})

await t.test('what is true of both families is said once', (t) => {
  const held = { state: 'out', held: true, reason: 'it has no carrier' } as const
  const down = { state: 'down', reason: 'taken down by ifdown' } as const
  const trouble = { reason: 'in the balance, but it has no carrier' } as const
  const text = renderStatus(
    {
      ...running,
      bypass: { ipv4: 'eth2', ipv6: 'eth2' },
      links: [
        link('eth0', { ...held, ipv6: family({ ...held, health: null }) }),
        link('eth1', { ...down, ipv6: family({ ...down, gateway: null, health: null }) }),
        link('eth2', { ...trouble, ipv6: family({ ...trouble, health: null }) }),
        link('eth3'),
      ],
    },
    wide,
  )
  t.equal(
    text.slice(text.indexOf('\n\n') + 2),
    `\
link  IP  state  gateway      weight  share  given  open      in    out
eth0      held   192.168.1.1       1  25.0%  25.0%     3  1.2 MB  999 B
    it has no carrier
    what runs over it is kept, and goes on if it comes back
eth1      down   192.168.1.1       1  25.0%  25.0%     3  1.2 MB  999 B
    taken down by ifdown
eth2  v4  up     192.168.1.1       1  25.0%  25.0%     3  1.2 MB  999 B
    in the balance, but it has no carrier
      v6  up     fe80::5054:ff:fe12:3456
eth3  v4  up     192.168.1.1       1  25.0%  25.0%     3  1.2 MB  999 B
`,
  )
  t.end()
})

await t.test('a monitor that does not run, and what to do, is one line; so is that no link is usable', (t) => {
  const lines = (more: Partial<Status>) => renderStatus({ ...running, ...more }, wide).split('\n').slice(1, 3)
  const missing = "the monitor does not run: dead links go unnoticed; run 'service multilink start'"
  t.equal(lines({ monitor: false })[0], missing)
  t.ok(missing.length <= 80)
  t.equal(lines({ offload: false })[0], 'nothing is offloaded: this kernel has no flowtables')
  t.notMatch(lines({ offload: true }).join('\n'), 'offload')
  t.notMatch(renderStatus({ ...running, monitor: false, loaded: false }, wide), 'monitor')
  t.same(lines({ links: [link('eth0', { state: 'out' })], bypass: { ipv4: null, ipv6: null } }), [
    'no link is usable',
    'bypassed traffic: no link',
  ])
  t.match(lines({ bypass: { ipv4: 'eth1', ipv6: null } }), ['bypassed traffic: eth1, which is out', ''])
  t.end()
})

await t.test('a reason is broken at blanks', (t) => {
  t.same(wrap('one two three 2001:db8::1234:5678 f', 9), ['one two', 'three', '2001:db8::1234:5678', 'f'])
  t.end()
})

await t.test('the longest names, addresses and numbers fit in 80 columns, a row a link', (t) => {
  const longest = link('enp123s45f6np78', {
    state: 'down',
    gateway: '192.168.100.100',
    weight: 255,
    share: 1,
    given: { connections: 9, share: 1 },
    open: 262144,
    bytes: { in: 999_400_000_000, out: 999_400_000_000 },
  })
  const lines = renderStatus({ ...running, links: [longest] }, wide)
    .split('\n')
    .slice(4)
  t.match(lines[1], /^enp123s45f6np78 .* 999 GB$/)
  t.ok(
    lines.every((line) => line.length <= 80),
    lines.join('\n'),
  )
  t.end()
})

await t.test('the state is coloured where colours are wanted, and nothing is moved by it', (t) => {
  const coloured = renderStatus(running, { columns: 80, colours: true })
  t.match(coloured, '\u001b[32mup   \u001b[0m')
  t.match(coloured, '\u001b[31mout  \u001b[0m')
  t.match(coloured, '\u001b[33mdown \u001b[0m')
  // eslint-disable-next-line no-control-regex
  t.equal(coloured.replace(/\u001b\[\d+m/g, ''), renderStatus(running, wide))
  t.end()
})

await t.test('colours are for terminals, and not where NO_COLOR says so', (t) => {
  const { isTTY } = process.stdout
  const { NO_COLOR, TERM } = process.env
  t.teardown(() => {
    process.stdout.isTTY = isTTY
    Object.assign(process.env, { NO_COLOR: NO_COLOR ?? '', TERM: TERM ?? '' })
  })
  Object.assign(process.env, { NO_COLOR: '', TERM: 'xterm' })
  process.stdout.isTTY = true
  t.match(thisTerminal(), { colours: true })
  process.env['NO_COLOR'] = '1'
  t.match(thisTerminal(), { colours: false })
  process.env['NO_COLOR'] = ''
  process.stdout.isTTY = false
  t.match(thisTerminal(), { colours: false })
  t.end()
})

await t.test('the first line says plainly that nothing is balanced, and what to do', (t) => {
  const first = (status: Partial<Status>) =>
    renderStatus({ ...running, loaded: false, since: null, ...status }, wide).split('\n')[0]
  t.equal(first({}), "not running: its nft table is not loaded; 'multilink apply' loads it")
  t.equal(first({ stopped: true }), "not running: it was stopped; 'multilink apply' starts it")
  t.equal(first({ links: [] }), 'not running: /etc/multilink.conf as applied defines no link')
  t.equal(
    first({ config: null, generation: null, method: null, links: [] }),
    'not running: nothing was ever applied;' +
      " describe the links in /etc/multilink.conf, then run 'multilink apply'",
  )
  t.end()
})

await t.test('a config that was changed but not applied is told of', (t) => {
  t.match(
    renderStatus({ ...running, configNewer: true }, wide),
    "\n/etc/multilink.conf was changed since: 'multilink apply' puts it to use\n",
  )
  t.end()
})

await t.test('numbers keep their width', (t) => {
  t.same([0, 999, 1000, 9949, 9950, 999_499, 999_500, 1e6, 12_345_678, 9.9e15, undefined].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '9.9 kB',
    '10 kB',
    '999 kB',
    '1.0 MB',
    '1.0 MB',
    '12 MB',
    '9.9 PB',
    '-',
  ])
  t.same([0, 12, 100, null, undefined].map(formatLoss), ['0%', '12%', '100%', '-', '-'])
  t.same([0.3, 9.94, 9.95, 123.4, null, undefined].map(formatRtt), ['0.3 ms', '9.9 ms', '10 ms', '123 ms', '-', '-'])
  t.same([0, 1 / 3, 1, null, undefined].map(formatShare), ['0.0%', '33.3%', '100.0%', '-', '-'])
  t.end()
})
