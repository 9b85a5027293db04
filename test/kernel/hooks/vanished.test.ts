// An interface can go at any time, also in the middle of another link's hook, and the hook does all the rest.

import t from 'tap'
import { until } from '../../lab/wait.js'
import { appliedBox, configureAll, linkConfigs, links, makeBox, tunnelUp, type Box } from './box.js'
import { startMonitor } from './monitor.js'

const { eth0, eth1, rausb0 } = linkConfigs
const config = `${eth0}${eth1}${rausb0}[link.tun0]\n`
const ways = (box: Box) => box.sh('nft list map inet multilink ways | grep -o "goto [a-z0-9_]*"')

/** ip, but before it is told of new IPv4 routes for the first time, this interface goes. */
const vanishing = (name: string) => `mkdir -p /run/shims
  cat >/run/shims/ip <<'END'
#!/bin/sh
case "$*" in "-4 -force -batch -") [ ! -e /run/goes ] || { rm /run/goes; /usr/sbin/ip link delete ${name}; } ;; esac
exec /usr/sbin/ip "$@"
END
  chmod 755 /run/shims/ip
  : >/run/goes`
const environment = { IF_GATEWAY: links.eth1.gateway, PATH: '/run/shims:/usr/sbin:/usr/bin:/sbin:/bin' }

for (const [kind, name, left] of [
  ['with a gateway', 'rausb0', 'goto keep_eth0\ngoto keep_eth1\ngoto out\ngoto keep_tun0'],
  ['without one', 'tun0', 'goto keep_eth0\ngoto keep_eth1\ngoto keep_rausb0\ngoto out'],
] as const) {
  t.test(`a link ${kind} goes while another's hook gives it its routes: it is out, and the other in`, async (t) => {
    const box = await makeBox(t)
    await box.configure('eth0')
    t.equal((await box.apply(config)).code, 0)
    for (const link of ['eth1', 'rausb0'] as const) await box.configure(link)
    await box.sh(tunnelUp('tun0', '10.8.0.2 peer 10.8.0.1'))
    await box.sh(vanishing(name))
    const { code, stderr } = await box.ifUp('eth1', environment)
    t.equal((await box.run('[ -e /run/goes ]')).code, 1, 'it went')
    t.equal(code, 0)
    t.notMatch(stderr, 'if-up failed')
    t.match(stderr, 'multilink: eth1 is in, gateway 172.16.0.1')
    t.equal(await box.sh(`cat /run/multilink/.out4/${name}`), 'its interface is down or absent')
    t.equal(await ways(box), left)
    t.equal(await box.sh('ip -4 route show table 1002'), 'default via 172.16.0.1 dev eth1 proto 157 onlink ')
  })
}

t.test('a link goes while an apply gives it its routes: the others are applied', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.sh(vanishing('rausb0'))
  const { code, stderr } = await box.apply(config, `PATH=${environment.PATH}`)
  t.equal((await box.run('[ -e /run/goes ]')).code, 1, 'it went')
  t.equal(code, 0, stderr)
  t.equal(await ways(box), 'goto keep_eth0\ngoto keep_eth1\ngoto out\ngoto out')
})

for (const verb of ['loosen_filters', 'restore_filters /run/multilink/.before/gone'] as const) {
  t.test(`an interface goes between the reading and the writing of its rp_filter (${verb})`, async (t) => {
    const box = await makeBox(t)
    const look = (path: string) => box.run(`
      mkdir -p /run/multilink/.before
      echo 1 >/run/multilink/.before/gone
      . /usr/lib/multilink/multilink.sh
      . /usr/lib/multilink/filters.sh
      read_filter() { setting=${path} value=1; }
      loosened=gone
      ${verb}
      echo "the rest is done"`)
    const gone = await look('/proc/sys/net/ipv4/conf/gone/rp_filter')
    t.strictSame(gone, { code: 0, stdout: 'the rest is done', stderr: '' })
    const refused = await look('/proc/sys/kernel/osrelease')
    t.not(refused.code, 0, 'one that is there and refuses is an error')
    t.match(refused.stderr, /osrelease cannot be set to \d/)
  })
}

t.test('while lo is down, which the probe needs, hooks do all the rest; when it is up, they do that too', async (t) => {
  const box = await appliedBox(t)
  const probe = () => box.sh('ip route show table 1000 dev lo; ip -6 route show table 1000 dev lo')
  const before = await box.state('kernel')
  const listed = await probe()
  t.match(listed, /240\.0\.0\.\d+/)
  const loseLo = async () => {
    await box.sh('ip link set lo down')
    for (const link of ['eth0', 'eth1'] as const) {
      const down = await box.ifDown(link)
      t.strictSame([down.code, /failed|refused/.test(down.stderr)], [0, false], down.stderr)
      const up = await box.ifUp(link, { IF_GATEWAY: links[link].gateway })
      t.strictSame([up.code, /failed|refused/.test(up.stderr)], [0, false], up.stderr)
    }
    t.equal(await ways(box), 'goto keep_eth0\ngoto keep_eth1\ngoto keep_rausb0')
    t.equal(await probe(), '')
  }

  await t.test('its own hook', async (t) => {
    await loseLo()
    await box.sh('ip link set lo up')
    t.strictSame(await box.ifUp('lo'), { code: 0, stdout: '', stderr: '' })
    t.equal(await box.state('kernel'), before)
  })

  await t.test('the monitor', async (t) => {
    await startMonitor(t, box)
    await loseLo()
    await box.sh('ip link set lo up')
    await until('the probe is there', async () => (await probe()) === listed)
    t.equal(await box.state('kernel'), before)
  })
})
