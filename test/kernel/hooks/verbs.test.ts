// What the hooks do when ifupdown calls them: which links come in, with which gateway, and what is left alone.

import t from 'tap'
import { configureAll, links, makeBox, tunnelUp, type Box } from './box.js'

const three = `[link.eth0]
[link.eth1]
gateway = "172.16.0.1"
[link.rausb0]
weight = 2
`
const gatewayOf = { IF_GATEWAY: links.eth0.gateway }

const outReason = (box: Box, link: string) => box.sh(`cat /run/multilink/.out4/${link} 2>/dev/null || :`)
const table = (box: Box, number: number) => box.sh(`ip -N route show table ${number} 2>/dev/null || :`)

/** Slot -> link, as the kernel has it. */
async function slots(box: Box): Promise<string[]> {
  const json = JSON.parse(await box.sh('nft -j list map inet multilink slots')) as
    { nftables: { map?: { elem?: [number, { goto: { target: string } }][] } }[] }
  const elements = json.nftables.flatMap(({ map }) => map?.elem ?? [])
  return elements.sort(([a], [b]) => a - b).map(([, { goto: { target } }]) => target.replace('use_', ''))
}

t.test('hooks before the first apply, and after the package is gone, do nothing and exit 0', async (t) => {
  const box = await makeBox(t)
  await box.configure('eth0')
  const before = await box.state()
  t.strictSame(await box.ifUp('eth0', gatewayOf), { code: 0, stdout: '', stderr: '' })
  t.strictSame(await box.ifDown('eth0'), { code: 0, stdout: '', stderr: '' })
  t.equal(await box.state(), before)
  await box.apply(three)
  await box.sh('rm -r /usr/lib/multilink')
  const applied = await box.state()
  t.strictSame(await box.ifUp('eth0', gatewayOf), { code: 0, stdout: '', stderr: '' })
  t.equal(await box.state(), applied)
})

t.test('links come in one by one as ifupdown brings them up, and go out in turn', async (t) => {
  const box = await makeBox(t)
  t.equal((await box.apply(three)).code, 0)
  t.strictSame(await slots(box), [])
  await box.configure('eth0')
  const up = await box.ifUp('eth0', gatewayOf)
  t.equal(up.code, 0)
  t.match(up.stderr, 'multilink: eth0 is in, gateway 192.168.1.1')
  t.equal(await table(box, 1001), 'default via 192.168.1.1 dev eth0 proto 157 onlink ')
  t.strictSame(await slots(box), ['eth0'])

  await box.configure('rausb0')
  await box.ifUp('rausb0', { IF_GATEWAY: links.rausb0.gateway })
  t.strictSame(await slots(box), ['rausb0', 'eth0', 'rausb0'])
  await box.configure('eth1')
  await box.ifUp('eth1')
  t.strictSame(await slots(box), ['rausb0', 'eth0', 'eth1', 'rausb0'])

  const down = await box.ifDown('eth0')
  t.strictSame([down.code, down.stdout], [0, ''])
  t.match(down.stderr, 'multilink: eth0 is out: taken down by ifdown')
  t.equal(await table(box, 1001), '', 'routes only of what is up')
  t.strictSame(await slots(box), ['rausb0', 'eth1', 'rausb0'])
  t.match(await box.sh('nft list map inet multilink ways'), /0x01000000 : goto out.*0x02000000 : goto keep_eth1/s)
})

t.test('what is no link changes nothing and says nothing', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  await box.configure('eth0')
  await box.ifUp('eth0', gatewayOf)
  const before = await box.state()
  const quiet = { code: 0, stdout: '', stderr: '' }
  const calls: [string, Record<string, string>][] = [
    ['--all', { METHOD: 'none', ADDRFAM: 'meta' }],
    ['lo', { METHOD: 'loopback' }],
    ['eth9', {}],
    ['eth', {}],
    ['eth0 eth1', {}],
    ['*', {}],
    ['eth0:1', { IF_GATEWAY: '192.168.1.99' }],
  ]
  for (const [name, environment] of calls) {
    t.strictSame(await box.ifUp(name, environment), quiet, `ifup ${name}`)
    t.equal(await box.state(), before, `ifup ${name}`)
    t.strictSame(await box.ifDown(name, environment), quiet, `ifdown ${name}`)
    t.equal(await box.state(), before, `ifdown ${name}`)
  }
})

t.test('an alias brings its link another address', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  await box.configure('eth0')
  await box.ifUp('eth0', gatewayOf)
  await box.sh('ip address add 192.168.1.77/24 dev eth0 label eth0:1')
  await box.ifUp('eth0:1')
  t.match(await box.sh('nft list map inet multilink addresses'), '192.168.1.77 : goto use_eth0')
  t.equal(await table(box, 1001), 'default via 192.168.1.1 dev eth0 proto 157 onlink ', 'the gateway stays')
})

t.test('a link without a gateway is logged, stays out and does not fail; once it has one it comes in', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  await box.configure('eth0')
  const up = await box.ifUp('eth0')
  t.equal(up.code, 0)
  t.equal(up.stderr, 'multilink: eth0 is out: it has no gateway; give one in its ifupdown stanza or in multilink.conf')
  t.match(await outReason(box, 'eth0'), /^it has no gateway/)
  t.equal(await table(box, 1001), '')
  t.equal((await box.ifUp('eth0')).stderr, '', 'said once')
  await box.ifUp('eth0', gatewayOf)
  t.equal(await outReason(box, 'eth0'), '')
  t.strictSame(await slots(box), ['eth0'])
})

t.test('the gateway is the config\'s, else that of the kernel\'s route, else the stanza\'s', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  await box.configure('eth0')
  await box.configure('eth1')
  await box.ifUp('eth0', gatewayOf)
  t.match(await table(box, 1001), 'via 192.168.1.1 ', 'the stanza\'s')
  await box.sh('ip route add default via 192.168.1.254 dev eth0 metric 5')
  await box.ifUp('eth0', gatewayOf)
  t.match(await table(box, 1001), 'via 192.168.1.254 ', 'the kernel\'s')
  t.equal((await table(box, 1001)).split('\n').length, 1)
  await box.sh('ip route add default via 172.16.9.9 dev eth1 metric 6')
  await box.ifUp('eth1', { IF_GATEWAY: '172.16.9.9' })
  t.match(await table(box, 1002), 'via 172.16.0.1 ', 'the config\'s')
})

t.test('of several gateways, as ifupdown-ng lists them, IPv4\'s is taken', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  await box.configure('eth0')
  await box.ifUp('eth0', { IF_GATEWAY: '192.168.1.1 fe80::1' })
  t.match(await table(box, 1001), 'default via 192.168.1.1 dev eth0')
  await box.ifDown('eth0')
  await box.ifUp('eth0', { IF_GATEWAY: 'fe80::1 192.168.1.1' })
  t.match(await table(box, 1001), 'default via 192.168.1.1 dev eth0', 'in any order')
})

t.test('a gateway outside the link\'s own network is taken as it is', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  await box.configure('eth0')
  await box.ifUp('eth0', { IF_GATEWAY: '203.0.113.1' })
  t.match(await table(box, 1001), 'default via 203.0.113.1 dev eth0 proto 157 onlink')
})

t.test('a point-to-point link needs no gateway', async (t) => {
  const box = await makeBox(t)
  await box.apply('[link.tun0]\n[link.eth0]\n')
  await box.sh(tunnelUp('tun0', '198.51.100.2 peer 198.51.100.1'))
  const up = await box.ifUp('tun0', { METHOD: 'ppp' })
  t.equal(up.code, 0)
  t.match(up.stderr, /^multilink: tun0 is in$/m)
  t.match(await table(box, 1001), /^default dev tun0 proto 157 scope 253/)
  t.match(await box.sh('nft list map inet multilink addresses'), /elements = \{ 198\.51\.100\.2 : goto use_tun0 \}/)
  const before = await box.state()
  await box.ifUp('tun0', { METHOD: 'ppp' })
  t.equal(await box.state(), before)
})

t.test('links that were up before the first apply are adopted', async (t) => {
  const box = await makeBox(t)
  await box.configure('eth0')
  await box.configure('eth1')
  await box.sh('ip route add default via 192.168.1.1 dev eth0')
  const { code, stderr } = await box.apply(three)
  t.equal(code, 0)
  t.match(stderr, 'eth0 is in, gateway 192.168.1.1')
  t.match(stderr, 'eth1 is in, gateway 172.16.0.1')
  t.match(stderr, 'rausb0 is out: its interface is down or absent')
  t.strictSame(await slots(box), ['eth0', 'eth1'])
})

t.test('a link that ifdown took down is not adopted by another link\'s hook while its address is there', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  for (const link of ['eth0', 'eth1'] as const) {
    await box.configure(link)
    await box.ifUp(link, gatewayOf)
  }
  await box.ifDown('eth1')
  await box.ifUp('eth0', gatewayOf)
  t.strictSame(await slots(box), ['eth0'])
  t.equal(await outReason(box, 'eth1'), 'taken down by ifdown')
  await box.ifUp('eth1')
  t.strictSame(await slots(box), ['eth0', 'eth1'])
})

t.test('two links with the same address and gateway, such as LTE sticks of one make, both come in', async (t) => {
  const box = await makeBox(t)
  await box.apply('[link.eth0]\n[link.eth1]\n')
  for (const link of ['eth0', 'eth1']) {
    await box.sh(`ip address add 192.168.8.100/24 dev ${link}; ip link set ${link} up`)
    const { stderr } = await box.ifUp(link, { IF_GATEWAY: '192.168.8.1' })
    t.match(stderr, `multilink: ${link} is in, gateway 192.168.8.1`)
  }
  t.strictSame(await slots(box), ['eth0', 'eth1'])
})

t.test('bypassed traffic takes the default link, and the first usable one while that is out', async (t) => {
  const box = await makeBox(t)
  const bypassTo = () => box.sh('nft list map inet multilink bypass_to | grep -o "use_[a-z0-9]*" || :')
  await configureAll(box)
  await box.apply('[link.eth0]\ngateway = "192.168.1.1"\n[link.eth1]\ngateway = "172.16.0.1"\ndefault = true\n')
  t.equal(await bypassTo(), 'use_eth1')
  await box.ifDown('eth1')
  t.equal(await bypassTo(), 'use_eth0')
  await box.ifDown('eth0')
  t.equal(await bypassTo(), '')
  await box.ifUp('eth1')
  t.equal(await bypassTo(), 'use_eth1')
})

t.test('why a link is out is recorded in words', async (t) => {
  const box = await makeBox(t)
  await box.apply(`${three}[link.ppp9]\n`)
  await box.sh('ip link set eth0 up')
  await box.ifUp('eth0', gatewayOf)
  t.equal(await outReason(box, 'eth0'), 'it has no IPv4 address')
  t.equal(await outReason(box, 'eth1'), 'its interface is down or absent')
  t.equal(await outReason(box, 'ppp9'), 'its interface is down or absent')
  await box.sh('ip address add 169.254.7.7/16 dev eth0')
  await box.ifUp('eth0', gatewayOf)
  t.equal(await outReason(box, 'eth0'), 'it has no IPv4 address', 'RFC 3927 is none')
})

t.test('ten times is once', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  for (const link of ['eth0', 'eth1', 'rausb0'] as const) await box.configure(link)
  await box.ifUp('eth0', gatewayOf)
  await box.ifUp('rausb0', { IF_GATEWAY: links.rausb0.gateway })
  await box.ifUp('eth1')
  const once = await box.state()
  for (let time = 2; time <= 10; time++) t.equal((await box.ifUp('eth1')).stderr, '')
  t.equal(await box.state(), once)
  await box.ifDown('eth1')
  const down = await box.state()
  for (let time = 2; time <= 10; time++) t.equal((await box.ifDown('eth1')).stderr, '')
  t.equal(await box.state(), down)
})

t.test('a hook without news gives nft and ip nothing to do, so the sequence of choices goes on', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  await box.configure('eth0')
  await box.ifUp('eth0', gatewayOf)
  await box.sh(`mkdir /run/log /run/shims
    for program in nft ip; do
      printf '#!/bin/sh\\necho "%s $*" >>/run/log/calls\\nexec /usr/sbin/%s "$@"\\n' $program $program \\
        >/run/shims/$program
    done
    chmod +x /run/shims/*`)
  await box.ifUp('eth0', { ...gatewayOf, PATH: '/run/shims:/usr/sbin:/usr/bin:/sbin:/bin' })
  const calls = (await box.sh('cat /run/log/calls')).split('\n')
  t.ok(calls.length > 2, 'it looked')
  t.strictSame(calls.filter((call) => / -f |-force/.test(call)), [])
})

t.test('what somebody took away or changed is put back by the next hook, of whatever link', async (t) => {
  const box = await makeBox(t)
  await box.apply(three)
  for (const link of ['eth0', 'eth1'] as const) {
    await box.configure(link)
    await box.ifUp(link, gatewayOf)
  }
  const right = await box.state('kernel')
  const damages = [
    'nft flush ruleset',
    'nft delete element inet multilink slots "{ 0 }"',
    'nft flush chain inet multilink guard',
    'nft add rule inet multilink output drop',
    'ip rule del priority 1104',
    'ip rule del priority 1100; ip rule del priority 1102; ip rule del priority 32765',
    'ip rule add priority 1101 fwmark 0x1000000/0xff000000 lookup 1009 protocol 157',
    'ip route del default table 1002',
    'ip route flush table 1000',
    'ip route replace default via 192.168.1.200 dev eth0 table 1001 onlink protocol 157',
    'ip route add 10.0.0.0/8 via 192.168.1.1 dev eth0 table 1001 protocol 157',
    'for setting in eth0 eth1; do echo 1 >/proc/sys/net/ipv4/conf/$setting/rp_filter; done',
    'rm /run/multilink/.loaded',
    ': >/run/multilink/.loaded; nft flush chain inet multilink choose',
  ]
  for (const damage of damages) {
    await box.sh(damage)
    await box.ifUp('eth0', gatewayOf)
    t.equal(await box.state('kernel'), right, damage)
  }
})

t.test('what the kernel is told lists as text and as JSON, and loads again as listed, for each method', async (t) => {
  const box = await makeBox(t)
  for (const link of ['eth0', 'eth1', 'rausb0'] as const) await box.configure(link)
  await box.sh('ip route add default via 192.168.1.1 dev eth0')
  await box.sh('ip route add default via 192.168.0.1 dev rausb0 metric 9')
  for (const method of ['nth', 'random', 'hash']) {
    t.equal((await box.apply(`method = "${method}"\n${three}`)).code, 0)
    const listed = await box.sh('nft -s list ruleset')
    t.match(listed, /elements = \{ 0 : goto use_/)
    const { nftables } = JSON.parse(await box.sh('nft -j list ruleset')) as { nftables: unknown[] }
    t.ok(nftables.length > 30)
    const reload = 'cat >/run/listed; nft flush ruleset; nft -f /run/listed; nft -s list ruleset'
    const again = await box.run(reload, `${listed}\n`)
    t.equal(again.stdout, listed, method)
  }
})
