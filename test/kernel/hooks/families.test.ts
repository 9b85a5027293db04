// What goes away and comes again: IPv6 from the config, from one link or from the kernel; a link from the config.

import t, { type Test } from 'tap'
import { appliedBox, linkConfigs, type Box } from './box.js'

const { eth0, eth1, rausb0 } = linkConfigs
const all = eth0 + eth1 + rausb0
const changed = '/var/lib/multilink/current/changed'

/** All links with both families. */
async function dualBox(t: Test): Promise<Box> {
  const box = await appliedBox(t)
  await giveIpv6(box)
  await box.run(changed)
  t.equal(await ipv6In(box), 'eth0 eth1 rausb0')
  return box
}

const giveIpv6 = (box: Box) => box.sh(`n=0
  for link in eth0 eth1 rausb0; do
    n=$((n + 1))
    ip address replace 2001:db8:$n::2/64 dev $link nodad
    ip -6 route replace default via fe80::$n dev $link metric 100$n
  done`)

const ipv6In = (box: Box) => box.sh('cd /run/multilink/.in6; echo *')
const ipv6Routing = (box: Box) =>
  box.sh('ip -N -6 rule | grep "proto 157" || :; ip -N -6 route show table all proto 157')

t.test('ipv6 = false takes the family\'s rules, routes and records along, and true brings them back', async (t) => {
  const box = await dualBox(t)
  const before = await box.state()
  const { code, stderr } = await box.apply(`ipv6 = false\n${all}`)
  t.equal(code, 0, stderr)
  t.equal(await ipv6Routing(box), '')
  t.equal(await box.sh('ls /run/multilink/.in6 /run/multilink/.out6 | grep -v : || :'), '')
  t.notMatch(await box.sh('cat /run/multilink/.told'), /^6 /m)
  await box.apply(all)
  const generations = /\/var\/lib\/multilink\/.*\n/g
  t.equal((await box.state()).replace(generations, ''), before.replace(generations, ''))
})

t.test('ipv6 = false on one link: what is pinned to it gets an error and not another way', async (t) => {
  const box = await dualBox(t)
  const { code, stderr } = await box.apply(`${eth0}${eth1}ipv6 = false\n${rausb0}`)
  t.equal(code, 0, stderr)
  t.equal(await ipv6In(box), 'eth0 rausb0')
  t.notMatch(await ipv6Routing(box), 'dev eth1')
  t.match(await box.sh('nft list map inet multilink ways6'), '0x02000000 : goto out')
  const after = await box.state()
  t.strictSame(await box.run(changed), { code: 0, stdout: '', stderr: '' })
  t.equal(await box.state(), after, 'twice is once')
})

t.test('bypass.strict, and the default link has no IPv6: an error at once', async (t) => {
  const box = await dualBox(t)
  const { code, stderr } = await box.apply(`${eth0}ipv6 = false\n${eth1}${rausb0}[bypass]\ntcp = [25]\nstrict = true\n`)
  t.equal(code, 0, stderr)
  t.match(await box.sh('nft list map inet multilink bypass_to'), 'ipv6 : goto use_eth0')
  t.match(await box.sh('nft list map inet multilink ways6'), '0x01000000 : goto out')
})

const switchIpv6 = (box: Box, off: 0 | 1) => box.sh(`echo ${off} >/proc/sys/net/ipv6/conf/all/disable_ipv6`)

t.test('IPv6 switched off in the running kernel: links are out in it only, until it is on again', async (t) => {
  const box = await dualBox(t)
  const before = await box.state()
  await switchIpv6(box, 1)
  const { code, stderr } = await box.run(changed)
  t.equal(code, 0, stderr)
  t.match(stderr, 'multilink: eth1 is out for IPv6: it has no IPv6 address')
  t.equal(await ipv6In(box), '*')
  t.equal(await ipv6Routing(box), '')
  t.strictSame(await box.run(changed), { code: 0, stdout: '', stderr: '' })
  await switchIpv6(box, 0)
  await giveIpv6(box)
  await box.run(changed)
  t.equal(await box.state(), before)
})

t.test('stop leaves nothing in either family, also where IPv6 is off by then', async (t) => {
  const box = await dualBox(t)
  await switchIpv6(box, 1)
  t.equal((await box.run('multilink stop')).code, 0)
  t.equal(await ipv6Routing(box), '')
  t.equal(await box.sh('ip -N rule | grep "proto 157" || :'), '')
})

const lease = '/usr/lib/multilink/lease'
const leased = (box: Box) =>
  box.sh("nft list map inet multilink leased6 | grep -o '[0-9a-f:]* : goto use_eth[01]' | sort")

t.test('one IPv6 resolver that two leases spell in two ways belongs to neither link', async (t) => {
  const box = await dualBox(t)
  await box.sh(`${lease} eth0 6 set '' '' '2001:db8:0:0:1:0:0:1 2001:DB8::00a'`)
  t.equal(await leased(box), '2001:db8::1:0:0:1 : goto use_eth0\n2001:db8::a : goto use_eth0')
  t.strictSame(await box.run(`${lease} eth1 6 set '' '' '2001:db8::1:0:0:1 2001:db8:0::a'`),
    { code: 0, stdout: '', stderr: '' })
  t.equal(await leased(box), '')
  const spellings = ['1:0:0:2:0:0:0:3', '1:2:3:4:5:6:7:0', '1:0:3:4:5:6:7:8', '64:ff9b::', '1:2:3:4:5:6::']
  await box.sh(`${lease} eth1 6 set '' '' '${spellings.join(' ')}'`)
  t.match(await box.sh('cat /run/multilink/.lease6/eth1'),
    /^dns=1:0:0:2::3 1:2:3:4:5:6:7:0 1:0:3:4:5:6:7:8 64:ff9b:: 1:2:3:4:5:6::$/m)
})

t.test('a link that leaves the config and comes again: what its lease says by then counts', async (t) => {
  const box = await appliedBox(t)
  await box.sh(`${lease} eth1 4 set 172.16.0.1 '' ''`)
  await box.ifDown('eth1')
  await box.apply(eth0)
  await box.sh(`${lease} eth1 4 set 172.16.0.9 '' ''; ${lease} rausb0 4 set 192.168.0.9 '' ''`)
  t.equal(await box.sh('cd /run/multilink/.lease4; echo *'), 'eth1', 'nothing is kept of what never was a link')
  await box.ifUp('eth1')
  await box.apply(`${eth0}[link.eth1]\n`)
  t.match(await box.sh('ip route show table 1002'), 'default via 172.16.0.9 dev eth1')
})

t.test('what refuses is in the way of packets only while main leads where no link has a way out', async (t) => {
  const box = await appliedBox(t)
  const refuses = async () => (await box.run('nft list chain inet multilink refuse')).code === 0
  t.notOk(await refuses(), 'no link has IPv6, and main has no default either')
  await box.sh('ip route add default via 192.168.1.1 dev eth0')
  for (const link of ['eth0', 'eth1', 'rausb0']) await box.ifDown(link)
  t.ok(await refuses(), 'all are taken down, and the interface is still up')
  await box.sh(`ip route delete default; ${changed}`)
  t.notOk(await refuses())
  await box.sh(`ip route add default via 192.168.1.1 dev eth0; ${changed}`)
  t.ok(await refuses())
  await box.ifUp('eth1', { IF_GATEWAY: '172.16.0.1' })
  t.notOk(await refuses(), 'a link is in')
})
