// The table, letter by letter, from Status objects.

import t from 'tap'
import type { LinkStatus, Status } from '../../src/status/status.js'
import { renderStatus, thisTerminal } from '../../src/status/table.js'
import { formatBytes, formatShare } from '../../src/status/units.js'

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
    default: false,
    weight: 1,
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
    in the balance, but it has no carrier
    weight 1, share 25.0%, given -
    3 open, in 1.2 MB, out 999 B
`,
  )
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
    .slice(2)
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
  t.same([0, 999, 1000, 9949, 9950, 999_499, 999_500, 1e6, 12_345_678, 9.9e15].map(formatBytes), [
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
  ])
  t.same([0, 1 / 3, 1, null, undefined].map(formatShare), ['0.0%', '33.3%', '100.0%', '-', '-'])
  t.end()
})
