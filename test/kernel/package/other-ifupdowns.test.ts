// ifupdown2 and ifupdown-ng, as Debian 12 has them, with the .deb: what they really pass to hooks, and everything from
// boot to purge. Where a title says "hooks alone" the monitor does not run: it would mend what a hook leaves.

import t, { type Test } from 'tap'
import { until } from '../../lab/wait.js'
import { deb, install, type Debian } from './debian.js'
import { files, kernelState } from './state.js'
import { config, configure, decided, endMonitor, gateways, records, shares, startTwoLinks, ways, type Stanza }
  from './two-links.js'

const bothIn = 'keep_eth0 keep_eth1'
const gateways0 = 'default via 192.168.1.1 dev eth0\ndefault via 2001:db8:1::1 dev eth0'
const allGateways = `${gateways0}\ndefault via 172.16.0.1 dev eth1\ndefault via 2001:db8:2::1 dev eth1`

/** A Debian with the links up before multilink is installed, and what it looked like then; the monitor is ended. */
async function startApplied(t: Test, kind: 'ifupdown2' | 'ifupdown-ng', eth1: Stanza) {
  const debian = await startTwoLinks(t, kind)
  await configure(debian, eth1)
  await debian.sh('ifup -a')
  const before = { kernel: await kernelState(debian), files: await files(debian) }
  await install(debian, deb)
  await debian.sh(`printf '${config}' >/etc/multilink.conf; multilink apply`)
  await endMonitor(debian)
  await debian.sh('ifdown eth0 eth1; ifup eth0 eth1')
  return { debian, before, whole: await decided(debian) }
}

interface Whole {
  readonly debian: Debian
  readonly before: { readonly kernel: string; readonly files: string }
  readonly whole: string
  readonly static: Stanza
  /** the records of both links when they are up */
  readonly known: readonly string[]
}

/** Boot, ifdown and ifup, DHCP, purge; the monitor runs. */
async function testWhole(t: Test, { debian, before, whole, static: stanza, known }: Whole): Promise<void> {
  const known0 = known.filter((line) => line.startsWith('eth0'))

  await t.test('boot', async (t) => {
    await debian.sh(`
      ifdown -a
      multilink stop
      rm -rf /run/multilink
      ip link set lo down
      /etc/init.d/multilink start
      ifup -a`)
    t.strictSame(await records(debian), known)
    t.equal(await ways(debian), `${bothIn}\n${bothIn}`)
    t.equal(await gateways(debian), allGateways)
    t.equal(await decided(debian), whole)
    for (const family of [4, 6] as const) t.strictSame(await shares(debian, family), { eth0: 10, eth1: 10 })
  })

  await t.test('ifdown, and ifup again', async (t) => {
    await debian.sh('ifdown eth1')
    t.strictSame(await records(debian), known0)
    t.equal(await debian.sh('ls /run/multilink/.down'), 'eth1')
    t.equal(await ways(debian), 'keep_eth0 out\nkeep_eth0 out')
    t.equal(await gateways(debian), gateways0)
    for (const family of [4, 6] as const) t.strictSame(await shares(debian, family), { eth0: 20 })
    await debian.sh('ifup eth1')
    t.strictSame(await records(debian), known)
    t.equal(await debian.sh('ls /run/multilink/.down'), '')
    t.equal(await decided(debian), whole)
  })

  await t.test('DHCP', async (t) => {
    await debian.sh('ifdown eth1')
    await configure(debian, { method: 'dhcp', lines: stanza.lines ?? [] })
    await debian.sh('ifup eth1')
    const leased = ['gateway=172.16.0.9', 'servers=172.16.0.1', 'dns='].map((line) => `.lease4/eth1:${line}`)
    t.strictSame(await records(debian), [...known0, 'eth1:gateway=', 'eth1:gateway6=', ...leased])
    t.equal(await gateways(debian), `${gateways0}\ndefault via 172.16.0.9 dev eth1`)
    t.strictSame(await shares(debian, 4), { eth0: 10, eth1: 10 })
    t.strictSame(await shares(debian, 6), { eth0: 20 })

    await t.test('ifdown ends the lease, and static again it has the gateway of its stanza', async (t) => {
      await debian.sh('ifdown eth1')
      t.strictSame(await records(debian), known0)
      t.equal(await ways(debian), 'keep_eth0 out\nkeep_eth0 out')
      await until('dhclient has ended', () => debian.sh('pgrep dhclient >/dev/null || echo ended'))
      // ifupdown-ng leaves it until the lease would end.
      await debian.sh('ip address flush dev eth1')
      await configure(debian, stanza)
      await debian.sh('ifup eth1')
      t.strictSame(await records(debian), known)
      t.equal(await decided(debian), whole)
    })
  })

  await t.test('purge', async (t) => {
    await debian.sh('rm -f /run/dhclient* /var/lib/dhcp/*')
    t.not(await kernelState(debian), before.kernel)
    await debian.sh('apt-get purge -y multilink')
    t.equal(await kernelState(debian), before.kernel)
    t.equal(await files(debian), before.files)
    t.equal(await debian.sh('pgrep -x monitor || :'), '')
  })
}

t.test('ifupdown2', async (t) => {
  // Of default routes without `metric` it adds the first alone.
  const stanza = { lines: ['metric 100'] }
  const { debian, ...rest } = await startApplied(t, 'ifupdown2', stanza)
  const known0 = ['eth0:gateway=192.168.1.1', 'eth0:gateway6=']
  // It passes IF_GATEWAY of the first stanza alone; that of IPv6 is known from main's default route.
  const known = [...known0, 'eth1:gateway=172.16.0.1', 'eth1:gateway6=']

  const reload = async (eth1: Stanza) => {
    await configure(debian, { ...stanza, ...eth1 })
    await debian.sh('ifreload -a')
  }
  const changes = [
    ['a gateway line is taken out', { gateway: '' }],
    ['a link moves to a network without a gateway', { address: '172.20.0.2/16', gateway: '' }],
  ] as const
  for (const [what, eth1] of changes) {
    await t.test(`hooks alone, ifreload: ${what}`, async (t) => {
      t.strictSame(await records(debian), known)
      await reload(eth1)
      t.strictSame(await records(debian), [...known0, 'eth1:gateway=', 'eth1:gateway6='])
      t.equal(await ways(debian), `keep_eth0 out\n${bothIn}`)
      t.equal(await gateways(debian), `${gateways0}\ndefault via 2001:db8:2::1 dev eth1`)
      t.match(await debian.sh('multilink status'), /eth1 +v4 +out .*\n +it has no gateway/)
      t.strictSame(await shares(debian, 4), { eth0: 20 })
      await reload({})
      t.strictSame(await records(debian), known)
      t.equal(await decided(debian), rest.whole)
    })
  }

  await testWhole(t, { debian, ...rest, static: stanza, known })
})

t.test('ifupdown-ng', async (t) => {
  // Without `metric` each default route gets 1, and main takes only the first: those of eth1 are known by hooks alone.
  const stanza = {}
  const { debian, ...rest } = await startApplied(t, 'ifupdown-ng', stanza)
  const known = ['eth0:gateway=192.168.1.1', 'eth0:gateway6=2001:db8:1::1', 'eth1:gateway=172.16.0.1',
    'eth1:gateway6=2001:db8:2::1']

  await t.test('hooks alone: the gateways of both families are known', async (t) => {
    t.equal(await debian.sh('for family in -4 -6; do ip $family route show default dev eth1; done'), '')
    t.strictSame(await records(debian), known)
    t.equal(await ways(debian), `${bothIn}\n${bothIn}`)
    t.equal(await gateways(debian), allGateways)
    for (const family of [4, 6] as const) t.strictSame(await shares(debian, family), { eth0: 10, eth1: 10 })
  })

  await t.test('hooks alone: the links come up while lo is down', async (t) => {
    const probe = () => debian.sh('for family in -4 -6; do ip $family route show table 1000 dev lo; done')
    const withLo = await probe()
    t.equal(withLo.split('\n').length, 2)
    await debian.sh('ifdown -a')
    t.match(await debian.sh('ip -br link show lo'), /^lo +DOWN/)
    t.strictSame(await records(debian), [])
    await debian.sh('ifup eth0; ifup eth1')
    t.equal(await probe(), '')
    t.strictSame(await records(debian), known)
    t.equal(await ways(debian), `${bothIn}\n${bothIn}`)
    t.equal(await gateways(debian), allGateways)
    await debian.sh('ifup lo')
    t.equal(await probe(), withLo)
    t.equal(await decided(debian), rest.whole)
  })

  await testWhole(t, { debian, ...rest, static: stanza, known })
})
