// `multilink apply` on a machine with links: what is new is there, what is gone is gone, and nothing else changes.

import t from 'tap'
import { allLinks, appliedBox, configureAll, linkConfigs, links, makeBox, type Box } from './box.js'

const { eth0, eth1, rausb0 } = linkConfigs

const current = (box: Box) => box.sh('readlink /var/lib/multilink/current')
const marks = (box: Box) => box.sh('nft list map inet multilink ways | grep -o "0x[0-9a-f]* : goto keep_[a-z0-9]*"')

t.test('the first apply says what is new and which links are in, and all of it is there', async (t) => {
  const box = await makeBox(t)
  for (const name of ['eth0', 'eth1'] as const) await box.configure(name)
  const { code, stdout, stderr } = await box.apply(allLinks)
  t.equal(code, 0)
  t.equal(stdout, 'link eth0: new\nlink eth1: new\nlink rausb0: new')
  t.match(stderr, 'multilink: eth0 is in, gateway 192.168.1.1\nmultilink: eth1 is in, gateway 172.16.0.1\n')
  t.equal(await current(box), 'generations/1')
  const files = (await box.sh('ls /var/lib/multilink/current/')).split('\n')
  const scripts = ['boot', 'changed', 'if-down', 'if-up', 'monitor']
  t.strictSame(files, [...scripts, 'multilink.conf', 'plan.json', 'rules.nft', 'sysctl.conf'])
  t.equal(await box.sh('cat /var/lib/multilink/current/multilink.conf'), allLinks.trim(), 'the config is kept')
  t.equal(await marks(box), '0x01000000 : goto keep_eth0\n0x02000000 : goto keep_eth1')
  t.match(await box.sh('ip -N rule'), /^1102:\tfrom all fwmark 0x1000000\/0xff000000 lookup 1001 proto 157$/m)
  t.match(await box.sh('ip -N route show table 1002'), 'default via 172.16.0.1 dev eth1 proto 157 onlink')
})

t.test('the same config again changes nothing', async (t) => {
  const box = await appliedBox(t)
  const before = await box.state()
  const { code, stdout } = await box.apply(allLinks)
  t.equal(code, 0)
  t.equal(stdout, 'nothing in the plan changes')
  t.equal(await box.state(), before)
})

t.test('a dry run says what would change, and changes nothing', async (t) => {
  const box = await appliedBox(t)
  const before = await box.state()
  const { code, stdout } = await box.run('cat >/etc/multilink.conf; multilink apply --dry-run', eth0)
  t.equal(code, 0)
  t.match(stdout, /^link eth1: gone\nlink rausb0: gone\n/m)
  t.match(stdout, /^-link rausb0 0x03000000 1003 /m)
  t.equal(await box.state(), before)
})

t.test('a link that leaves the config takes its routes, rules and setting along, and renumbers no other', async (t) => {
  const box = await appliedBox(t)
  await box.apply(eth0 + rausb0)
  t.equal(await marks(box), '0x01000000 : goto keep_eth0\n0x03000000 : goto keep_rausb0')
  t.equal(await box.sh('ip -N route show table 1002 2>/dev/null || :'), '')
  t.notMatch(await box.sh('ip -N rule'), /0x2000000\/|lookup 1002/)
  t.notMatch(await box.sh('ip -N route show table 1000'), 'eth1')
  t.equal(await box.sh('cat /proc/sys/net/ipv4/conf/eth1/rp_filter'), '0')
  t.notMatch(await box.sh('nft list ruleset; ls -A /run/multilink/.before /run/multilink/.in4'), 'eth1')

  await box.apply(rausb0 + eth1 + eth0)
  t.equal(await marks(box), '0x01000000 : goto keep_eth0\n0x02000000 : goto keep_eth1\n0x03000000 : goto keep_rausb0')
})

t.test('numbers stay with their links when the first one leaves and another comes', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.apply(eth0 + eth1)
  await box.apply(eth1 + rausb0)
  t.equal(await marks(box), '0x02000000 : goto keep_eth1\n0x03000000 : goto keep_rausb0')
  t.equal(await box.sh('cat /var/lib/multilink/numbers.json'), '{\n  "eth0": 1,\n  "eth1": 2,\n  "rausb0": 3\n}')
})

t.test('a numbers.json that is lost is written again, though nothing else changes', async (t) => {
  const box = await appliedBox(t)
  const before = await box.state()
  await box.sh('rm /var/lib/multilink/numbers.json')
  t.equal((await box.apply(allLinks)).code, 0)
  t.equal(await box.state(), before)
})

t.test('two at once, each with another new link: the second waits, and no number is given twice', async (t) => {
  const box = await appliedBox(t)
  // The first one has read the numbers when it asks nft, and goes on when it may.
  await box.sh(`mkdir -p /run/shims
    cat >/run/shims/nft <<'END'
#!/bin/sh
[ "$*" != '-c -f -' ] || { : >/run/asked; until [ -e /run/go ]; do sleep 0.02; done; }
exec /usr/sbin/nft "$@"
END
    chmod 755 /run/shims/nft`)
  await box.run('cat >/root/first.conf', `${allLinks}[link.wwan0]\n`)
  await box.run('cat >/root/second.conf', `${allLinks}[link.wlan0]\n`)
  const { code, stderr } = await box.run(`
    PATH=/run/shims:$PATH multilink apply --config /root/first.conf >/dev/null & first=$!
    until [ -e /run/asked ]; do sleep 0.02; done
    multilink apply --config /root/second.conf >/dev/null & second=$!
    waits="-> FLOCK .*:$(stat -c %i /run/multilink/.lock) "
    until grep -q -- "$waits" /proc/locks || ! kill -0 $second; do sleep 0.02; done
    : >/run/go
    wait $first
    wait $second`)
  t.equal(code, 0, stderr)
  const numbers = JSON.parse(await box.sh('cat /var/lib/multilink/numbers.json')) as Record<string, number>
  t.strictSame(numbers, { eth0: 1, eth1: 2, rausb0: 3, wwan0: 4, wlan0: 5 })
  t.match(await box.sh('cat /var/lib/multilink/current/if-up'), /^link wlan0 0x05000000 1005 /m)
})

for (const [what, mount, reason] of [
  ['may only be read', 'mount --bind -o ro /var/lib/multilink /var/lib/multilink', 'EROFS: read-only file system'],
  ['is full', `mount -t tmpfs -o size=8k full /var/lib/multilink
    dd if=/dev/zero of=/var/lib/multilink/full bs=4096 2>/dev/null || :`, 'ENOSPC: no space left on device'],
] as const) {
  t.test(`where the disk ${what}, it is one line and nothing is changed`, async (t) => {
    const box = await appliedBox(t)
    const before = await box.state('kernel')
    await box.sh(mount)
    for (const config of [`${eth0}weight = 2\n`, `${allLinks}[link.wwan0]\n`]) {
      const { code, stderr } = await box.apply(config)
      t.equal(code, 3)
      t.match(stderr, /^multilink: cannot write \/var\/lib\/multilink\/[^\n]*nothing was changed$/)
      t.match(stderr, reason)
      t.equal(await box.state('kernel'), before)
    }
    await box.sh('umount /var/lib/multilink')
    t.equal((await box.apply(allLinks)).code, 0)
  })
}

t.test('a link that is taken out while no other one is usable is let go of when one is', async (t) => {
  const box = await appliedBox(t)
  await box.sh(`mkdir -p /run/asked; cat >/usr/local/sbin/conntrack <<'END'
#!/bin/sh
echo "$*" >>/run/asked/conntrack
exec /usr/sbin/conntrack "$@"
END
    chmod 755 /usr/local/sbin/conntrack`)
  const asked = () => box.sh('grep -c -- "-m 0x03000000/0xff000000" /run/asked/conntrack || :')
  const path = 'PATH=/usr/local/sbin:/usr/sbin:/usr/bin'
  await box.ifDown('eth0')
  await box.ifDown('eth1')
  await box.rests()
  t.equal((await box.apply(eth0 + eth1, `${path};`)).code, 0)
  t.equal(await asked(), '0')
  await box.sh(`${path}; export PATH; rm /run/multilink/.down/eth0; /var/lib/multilink/current/changed`)
  t.not(await asked(), '0')
  t.equal(await box.sh('cat /run/multilink/.gone4/rausb0'), '0x03000000/0xff000000')
})

t.test('another mask, table_base and priority leave nothing of the old ones', async (t) => {
  const box = await appliedBox(t)
  t.equal((await box.apply(`mark_mask = 0xff00\ntable_base = 300\nrule_priority = 50\n${allLinks}`)).code, 0)
  t.notMatch(await box.state('kernel'), /0xff000000|lookup 100\d|table 100\d|^110\d:/m)
  const moved = await box.state('kernel')
  await box.apply(allLinks)
  await box.apply(`mark_mask = 0xff00\ntable_base = 300\nrule_priority = 50\n${allLinks}`)
  t.equal(await box.state('kernel'), moved)
})

t.test('a config without links takes everything away, and hooks then touch nothing', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  const before = await box.state('kernel')
  await box.apply(allLinks)
  const { code, stdout } = await box.apply('# nothing\n')
  t.equal(code, 0)
  t.match(stdout, 'link eth0: gone\nlink eth1: gone\nlink rausb0: gone')
  t.equal(await box.state('kernel'), before)
  await box.ifUp('eth0', { IF_GATEWAY: links.eth0.gateway })
  await box.ifDown('eth1')
  await box.sh('/usr/lib/multilink/start')
  t.equal(await box.state('kernel'), before)
})

t.test('as shipped, with no link and nothing applied before, apply writes nothing at all', async (t) => {
  const box = await makeBox(t)
  const before = await box.state()
  t.equal((await box.apply('# nothing\n')).code, 0)
  t.equal(await box.state(), before)
})

t.test('five generations are kept, the current one among them', async (t) => {
  const box = await appliedBox(t)
  for (let weight = 2; weight <= 8; weight++) await box.apply(`${eth0}weight = ${weight}\n`)
  t.equal(await current(box), 'generations/8')
  t.equal(await box.sh('ls /var/lib/multilink/generations'), '4\n5\n6\n7\n8')
})

t.test('two applies at once: both are done, one after the other, and what is current is what runs', async (t) => {
  const box = await appliedBox(t)
  const { code } = await box.run(`
    printf '%s' '${eth0}weight = 5\n${eth1}' >/etc/a.conf
    printf '%s' '${eth0}${rausb0}' >/etc/b.conf
    chmod 644 /etc/a.conf /etc/b.conf
    multilink apply --config /etc/a.conf & a=$!
    multilink apply --config /etc/b.conf & b=$!
    wait $a && wait $b`)
  t.equal(code, 0)
  t.equal(await box.sh('ls /var/lib/multilink/generations'), '1\n2\n3')
  const was = await box.state()
  const winner = await box.sh('grep -o "[ab].conf" /var/lib/multilink/current/boot')
  t.match(was, winner === 'a.conf' ? 'goto use_eth1' : 'goto use_rausb0')
  await box.sh('/usr/lib/multilink/start')
  t.equal(await box.state(), was)
})

t.test('an apply brings a stopped multilink back', async (t) => {
  const box = await appliedBox(t)
  const was = await box.state('kernel')
  await box.sh('multilink stop')
  await box.apply(allLinks)
  t.equal(await box.state('kernel'), was)
})
