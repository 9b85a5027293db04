// Stop, start and the reverse path filter: what was there before multilink is there again, nothing else was touched.

import t from 'tap'
import { allLinks, configureAll, makeBox, type Box } from './box.js'

const filter = (box: Box, name: string) => box.sh(`cat /proc/sys/net/ipv4/conf/${name}/rp_filter`)
const setFilter = (box: Box, name: string, value: number) =>
  box.sh(`echo ${value} >/proc/sys/net/ipv4/conf/${name}/rp_filter`)

/** Rules, routes and tables such as firewalls and VPNs have. */
const foreign = `
  nft 'add table inet filter; add chain inet filter input { type filter hook input priority 0; }
    add rule inet filter input tcp dport 22 counter accept
    add table ip multilink; add chain ip multilink output'
  ip rule add priority 5270 lookup 52
  ip rule add priority 1102 fwmark 0x1000000/0xff000000 lookup 7777
  ip rule add priority 32764 lookup main suppress_prefixlength 0
  ip route add default via 192.168.1.1 dev eth0
  ip route add 10.9.0.0/16 via 172.16.0.1 dev eth1 table 52
  ip route add default via 172.16.0.1 dev eth1 table 1001 metric 77`

t.test('stop takes away everything of ours and nothing else', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.sh(foreign)
  await setFilter(box, 'eth1', 1)
  const before = await box.state('kernel')
  await box.apply(allLinks)
  const applied = await box.state('kernel')
  t.not(applied, before)
  t.strictSame(await box.run('multilink stop'), { code: 0, stdout: '', stderr: '' })
  t.equal(await box.state('kernel'), before)
  t.strictSame(await box.run('multilink stop'), { code: 0, stdout: '', stderr: '' }, 'twice is once')
  t.equal(await box.state('kernel'), before)
  await box.sh('/usr/lib/multilink/start')
  t.equal(await box.state('kernel'), applied, 'and start puts it back')
})

t.test('stop where nothing was ever applied changes nothing', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  const before = await box.state('kernel')
  t.equal((await box.run('multilink stop')).code, 0)
  t.equal(await box.state('kernel'), before)
  t.equal((await box.run('/usr/lib/multilink/start')).code, 0)
  t.equal(await box.state('kernel'), before)
})

t.test('stop needs neither a config nor the rendered set', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  const before = await box.state('kernel')
  await box.apply(allLinks)
  await box.sh('rm -r /etc/multilink.conf /var/lib/multilink/*')
  t.equal((await box.run('multilink stop')).code, 0)
  t.equal(await box.state('kernel'), before)
})

t.test('after stop hooks touch nothing, but remember what to do at the next start', async (t) => {
  const box = await makeBox(t)
  await box.configure('eth0')
  await box.apply(allLinks)
  await box.configure('eth1')
  await box.ifUp('eth1')
  await box.sh('multilink stop')
  await box.configure('rausb0')
  const stopped = await box.state('kernel')
  t.strictSame(await box.ifDown('eth1'), { code: 0, stdout: '', stderr: '' })
  t.strictSame(await box.ifUp('rausb0'), { code: 0, stdout: '', stderr: '' })
  t.equal(await box.state('kernel'), stopped)
  await box.sh('/usr/lib/multilink/start')
  const slots = await box.sh('nft list map inet multilink slots')
  t.match(slots, /use_eth0.*use_rausb0/s)
  t.notMatch(slots, 'use_eth1', 'its interface is up still, but it was taken down')
})

t.test('boot with every link down loads what a hook then fills, and does not wait', async (t) => {
  const box = await makeBox(t)
  await box.apply(allLinks)
  await box.sh('rm -r /run/multilink; nft flush ruleset; ip rule flush; ip rule add priority 32766 lookup main')
  await box.sh(`mkdir /run/shims
    printf '#!/bin/sh\\n: >/run/slept\\n' >/run/shims/sleep
    chmod 755 /run/shims/sleep`)
  const started = await box.run('PATH=/run/shims:$PATH /usr/lib/multilink/start')
  t.equal(started.code, 0)
  t.equal((await box.run('[ -e /run/slept ]')).code, 1, 'nothing slept')
  t.equal(await box.sh('nft list chain inet multilink choose | grep -c numgen || :'), '0')
  await box.configure('eth0')
  await box.ifUp('eth0')
  t.match(await box.sh('nft list map inet multilink slots'), 'goto use_eth0')
})

t.test('start after another program\'s flush puts the same table back', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.apply(allLinks)
  const before = await box.state()
  await box.sh('nft flush ruleset')
  await box.sh('/usr/lib/multilink/start')
  t.equal(await box.state(), before)
})

t.test('rp_filter is 2 on every link, nowhere else, and what it was comes back at stop', async (t) => {
  const box = await makeBox(t)
  for (const [name, value] of [['eth0', 1], ['eth1', 0], ['rausb0', 2], ['default', 1], ['all', 1]] as const) {
    await setFilter(box, name, value)
  }
  await configureAll(box)
  await box.apply(allLinks)
  for (const name of ['eth0', 'eth1', 'rausb0']) t.equal(await filter(box, name), '2', name)
  for (const name of ['far-eth0', 'all', 'default']) t.equal(await filter(box, name), '1', name)
  t.equal(await filter(box, 'lo'), '0')
  await box.ifDown('eth0')
  await box.ifUp('eth0')
  await box.sh('multilink stop')
  t.equal(await filter(box, 'eth0'), '1')
  t.equal(await filter(box, 'eth1'), '0')
  t.equal(await filter(box, 'rausb0'), '1', 'it had ours already, from sysctl.d: what a new interface gets without us')
})

t.test('a link that appears later gets rp_filter 2, and its setting back when it leaves the config', async (t) => {
  const box = await makeBox(t)
  await box.apply(`${allLinks}[link.late0]\ngateway = "203.0.113.1"\n`)
  await box.sh(`ip link add late0 type veth peer name far-late0
    ip address add 203.0.113.2/24 dev late0
    ip link set late0 up`)
  await setFilter(box, 'late0', 1)
  await box.ifUp('late0')
  t.equal(await filter(box, 'late0'), '2')
  await box.apply(allLinks)
  t.equal(await filter(box, 'late0'), '1')
})

t.test('a link that is gone at stop is no error', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.apply(allLinks)
  await box.sh('ip link delete eth1')
  t.strictSame(await box.run('multilink stop'), { code: 0, stdout: '', stderr: '' })
  t.equal(await box.sh('ls -A /run/multilink/.before'), '')
})

t.test('a stop and a purge in the second after a loss: what was to be swept makes nothing anew', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.apply(allLinks)
  const purge = '/usr/lib/multilink/stop; rm -r /run/multilink'
  await box.sh(`IFACE=eth1 PHASE=pre-down /etc/network/if-down.d/multilink 2>/dev/null; ${purge}`)
  await box.rests()
  t.equal((await box.run('[ -e /run/multilink ]')).code, 1)
})

t.test('the rendered sysctl.conf sets what is there, also a link with a dot in its name', async (t) => {
  const box = await makeBox(t)
  await box.apply(`${allLinks}[link."eth0.10"]\n[link.ppp0]\n`)
  await box.sh('ip link add eth0.10 type veth peer name far-vlan')
  for (const name of ['eth0', 'eth0.10']) await setFilter(box, name, 0)
  await box.run('sysctl -p /var/lib/multilink/current/sysctl.conf')
  t.equal(await filter(box, 'eth0'), '2')
  t.equal(await filter(box, 'eth0.10'), '2')
})
