// What goes wrong around a hook stays small: an odd address, a refused gateway, a listing that fails or an apply that
// overtakes it costs nobody else a link, and what cannot be done is said.

import t from 'tap'
import { allLinks, appliedBox, configureAll, linkConfigs, links, makeBox, type Box } from './box.js'

const { eth0, rausb0 } = linkConfigs
const addressesOf = (box: Box) => box.sh('nft list map inet multilink addresses')
const ways = (box: Box) => box.sh('nft list map inet multilink ways | grep -o "goto [a-z0-9_]*"')

t.test('an address with a metric is one address', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.sh('ip address add 172.16.5.5/32 metric 100 dev eth1')
  t.match(await box.sh('ip -br address show dev eth1'), '172.16.5.5/32 metric 100', 'ip lists it so')
  t.equal((await box.apply(allLinks)).code, 0)
  const listed = await addressesOf(box)
  t.match(listed, '172.16.5.5 : goto use_eth1')
  t.notMatch(listed, '0.0.0.100')
})

t.test('of two links with one address the first keeps it, and hooks of both and of a third go on', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.sh('ip address add 192.168.1.2/24 dev eth1')
  t.equal((await box.apply(allLinks)).code, 0)
  const owner = '192.168.1.2 : goto use_eth0'
  for (const link of ['eth1', 'eth0', 'rausb0'] as const) {
    for (const result of [await box.ifDown(link), await box.ifUp(link, { IF_GATEWAY: links[link].gateway })]) {
      t.equal(result.code, 0)
      t.notMatch(result.stderr, /failed|Error/, link)
    }
    t.match(await addressesOf(box), owner)
  }
  t.equal(await ways(box), 'goto keep_eth0\ngoto keep_eth1\ngoto keep_rausb0')
})

t.test('a hook that gets the lock after an apply ends with what the apply wanted', async (t) => {
  const box = await appliedBox(t)
  t.equal((await box.apply(`rule_priority = 900\n${eth0}weight = 3\n${rausb0}`)).code, 0)
  const wanted = await box.state()
  const pointAt = (n: number) => `ln -sfn generations/${n} /var/lib/multilink/.current.new
    mv -T /var/lib/multilink/.current.new /var/lib/multilink/current`
  await box.sh(`${pointAt(1)}; /var/lib/multilink/current/boot`)
  t.not(await box.state(), wanted)

  await box.rests() // what swept after eth1 had gone waits for the lock too
  // The first generation's hook waits for the lock while the second becomes current, as in install-generation.
  const { stderr } = await box.run(`
    exec 9>/run/multilink/.lock
    flock 9
    env -i PATH=/usr/sbin:/usr/bin IFACE=eth0 ADDRFAM=inet METHOD=static MODE=start IF_GATEWAY=${links.eth0.gateway} \\
      /etc/network/if-up.d/multilink 9>&- &
    inode=$(stat -c %i /run/multilink/.lock)
    until grep -q -- "-> FLOCK .*:$inode " /proc/locks; do sleep 0.02; done
    ${pointAt(2)}
    exec 9>&-
    wait $!`)
  t.notMatch(stderr, 'failed')
  t.equal(await box.state(), wanted)
})

/** ip, but as long as /run/fail is there one that fails when its arguments match. */
const failingIp = (pattern: string) => `mkdir -p /run/shims
  cat >/run/shims/ip <<'END'
#!/bin/sh
case "$*" in ${pattern}) [ ! -e /run/fail ] || { rm /run/fail; echo "Cannot send dump request" >&2; exit 1; } ;; esac
exec /usr/sbin/ip "$@"
END
  chmod 755 /run/shims/ip
  : >/run/fail`
const shimmed = '/run/shims:/usr/sbin:/usr/bin:/sbin:/bin'

for (const listing of ['"address show up"', '"-N -o -4 -batch -"', '"-N -o -6 -batch -"']) {
  t.test(`a listing that fails (ip ${listing}) takes no link out: the hook says so, the next goes on`, async (t) => {
    const box = await appliedBox(t)
    const before = await box.state()
    await box.sh(failingIp(listing))
    const environment = { IF_GATEWAY: links.eth1.gateway, PATH: shimmed }
    const { code, stderr } = await box.ifUp('eth1', environment)
    t.equal((await box.run('[ -e /run/fail ]')).code, 1, 'it was asked for')
    t.equal(code, 0)
    t.match(stderr, /^multilink: eth1: if-up failed \(exit \d+\); run 'multilink apply'$/m)
    t.equal(await box.state(), before)
    t.strictSame(await box.ifUp('eth1', environment), { code: 0, stdout: '', stderr: '' })
    t.equal(await box.state(), before)
  })
}

t.test('a stop that cannot list the rules is exit 3 and says so; the next takes the rest', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  const clean = await box.state('kernel')
  await box.apply(allLinks)
  await box.sh(failingIp('"-N -o -4 -batch -"'))
  const { code, stderr } = await box.run(`PATH=${shimmed} multilink stop`)
  t.equal(code, 3)
  t.match(stderr, /^multilink: .*Cannot send dump request/m)
  t.equal((await box.run('nft list table inet multilink')).code, 1, 'what could go has gone')
  t.equal((await box.run('multilink stop')).code, 0)
  t.equal(await box.state('kernel'), clean)
})

t.test('killed between the two records of a link that goes out: the next run mends them', async (t) => {
  const box = await appliedBox(t)
  await box.ifDown('eth1')
  const out = await box.state()
  await box.sh('echo active >/run/multilink/.in4/eth1')
  await box.ifUp('eth0')
  t.equal(await box.state(), out)
})

t.test('killed while it says that the last link is out: that it holds what is pinned to it is known', async (t) => {
  const box = await makeBox(t)
  await box.configure('eth1')
  await box.apply(allLinks)
  await box.sh(`mkdir /run/shims
    printf '#!/bin/sh\\nkill -9 $PPID\\n' >/run/shims/logger
    chmod 755 /run/shims/logger`)
  await box.run('ip link set eth1 down; PATH=/run/shims:$PATH /var/lib/multilink/current/changed')
  t.equal((await box.sh('cd /run/multilink; echo .in4/* .out4/eth1')), '.in4/* .out4/eth1')
  t.equal((await box.sh('cd /run/multilink; echo .held4/*')), '.held4/eth1')
})

/** The current generation as version 1.0.0 without IPv6 rendered it. */
const fields = 's/^\\(link [^ ]* [^ ]* [^ ]* [^ ]*\\) [^ ]* \\([^ ]*\\) [^ ]* \\([^ ]*\\).*/\\1 \\2 \\3/'
const outdate = (box: Box) => box.sh(`cd /var/lib/multilink/current
  rm changed monitor
  sed -i '/^families=/d; /^mask=/d' if-up if-down boot
  sed -i '/^link /{ N; s/ *\\\\\\n */ /; ${fields}; }' \
    if-up if-down boot`)

t.test('a generation of an older version: hooks change nothing, but remember; start renders it anew', async (t) => {
  const box = await appliedBox(t)
  await box.ifDown('eth1')
  await box.ifUp('eth1')
  const wanted = await box.state('kernel')
  await outdate(box)
  const lines = await box.sh('grep ^link /var/lib/multilink/current/if-up')
  t.match(lines, /^link eth1 0x02000000 1002 1 172.16.0.1 240.0.0.2$/m)
  for (const verb of ['if-up', 'if-down'] as const) {
    const { code, stderr } = verb === 'if-up' ? await box.ifUp('eth1') : await box.ifDown('eth1')
    t.equal(code, 0)
    t.match(stderr, 'another version of multilink rendered what is current, so nothing was changed')
    t.match(stderr, "run 'multilink apply'")
    t.match(stderr, `${verb} failed (exit 4)`)
    t.equal(await box.state('kernel'), wanted)
  }
  const { code, stderr } = await box.run('/usr/lib/multilink/start')
  t.equal(code, 0, stderr)
  t.match(await box.sh('nft list map inet multilink ways'), '0x02000000 : goto out', 'the ifdown was remembered')
  t.equal((await box.ifUp('eth1')).code, 0)
  t.equal(await box.state('kernel'), wanted)
})

for (const [edited, config] of [['right', `${eth0}weight = 9\n`], ['wrong', '[link.eth0\nweight']] as const) {
  t.test(`rendered anew after an upgrade, it is what was applied, not an edit that is ${edited}`, async (t) => {
    const box = await appliedBox(t)
    const wanted = await box.state('kernel')
    await outdate(box)
    await box.run('cat >/etc/multilink.conf', config)
    for (const what of ['nothing is loaded anew', 'after a boot'] as const) {
      if (what === 'after a boot') await box.sh('nft flush ruleset; rm -r /run/multilink')
      const { code, stderr } = await box.run('/usr/lib/multilink/start')
      t.equal(code, 0, stderr)
      t.equal(await box.state('kernel'), wanted, what)
    }
    t.match(await box.sh('head -n 4 /var/lib/multilink/current/boot'), 'from /etc/multilink.conf:')
  })
}

t.test('where an older version kept no config, what is in the file counts', async (t) => {
  const box = await appliedBox(t)
  await outdate(box)
  await box.sh('rm /var/lib/multilink/current/multilink.conf')
  await box.run('cat >/etc/multilink.conf', eth0 + rausb0)
  t.equal((await box.run('/usr/lib/multilink/start')).code, 0)
  t.equal(await ways(box), 'goto keep_eth0\ngoto out\ngoto keep_rausb0')
})

const broadcast = '172.16.255.255'

t.test('a gateway in the config that the kernel refuses: apply is exit 3 and names the link', async (t) => {
  const box = await appliedBox(t)
  const before = await box.state('kernel')
  const { code, stderr } = await box.apply(`${eth0}weight = 2\n[link.eth1]\ngateway = "${broadcast}"\n${rausb0}`)
  t.equal(code, 3)
  t.match(stderr, /gateway of eth1\b/)
  t.match(stderr, 'everything is as it was before')
  t.equal(await box.state('kernel'), before)
  t.equal(await box.sh('readlink /var/lib/multilink/current'), 'generations/1')
})

t.test('a gateway in the stanza that the kernel refuses: only that link is out, until it is right', async (t) => {
  const box = await makeBox(t)
  await box.apply(`${eth0}[link.eth1]\n${rausb0}`)
  for (const link of ['eth0', 'eth1'] as const) await box.configure(link)
  await box.ifUp('eth0')
  const { code, stderr } = await box.ifUp('eth1', { IF_GATEWAY: broadcast })
  t.equal(code, 0)
  const reason = `the kernel refuses its gateway ${broadcast}`
  t.match(stderr, `multilink: eth1 is out: ${reason}`)
  t.match(await box.sh('cat /run/multilink/.out4/eth1'), reason)
  await box.configure('rausb0')
  t.match((await box.ifUp('rausb0')).stderr, 'multilink: rausb0 is in, gateway 192.168.0.1')
  t.equal(await ways(box), 'goto keep_eth0\ngoto out\ngoto keep_rausb0')
  t.match((await box.ifDown('eth0')).stderr, 'multilink: eth0 is out')
  t.equal(await ways(box), 'goto out\ngoto out\ngoto keep_rausb0')
  t.match((await box.ifUp('eth1', { IF_GATEWAY: links.eth1.gateway })).stderr, 'multilink: eth1 is in')
  t.equal(await ways(box), 'goto out\ngoto keep_eth1\ngoto keep_rausb0')
})

t.test('boot before anything has set lo up loads the same', async (t) => {
  const box = await appliedBox(t)
  const before = await box.state('kernel')
  await box.sh('nft flush ruleset; ip link set lo down')
  t.not(await box.state('kernel'), before)
  t.equal((await box.run('/usr/lib/multilink/start')).code, 0)
  t.match(await box.sh('ip link show lo'), /<LOOPBACK,UP/)
  t.equal(await box.state('kernel'), before)
})

t.test('where /run has no room, or hardly any, a run changes nothing or nothing wrong', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.sh('mkdir /run/multilink; mount -t tmpfs -o size=2m room /run/multilink')
  t.equal((await box.apply(allLinks)).code, 0)
  const before = await box.state('kernel')
  const codes: number[] = []
  for (const pages of [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32]) {
    // Addresses that come and go make the lists longer than before.
    await box.sh('for n in $(seq 100 160); do echo address add 172.16.9.$n/32 dev far-eth1; done | ip -batch -')
    await box.sh(`dd if=/dev/zero of=/run/multilink/.full bs=4096 2>/dev/null || :
      truncate -s -${pages * 4096} /run/multilink/.full 2>/dev/null || :`)
    codes.push((await box.run('/var/lib/multilink/current/changed')).code)
    await box.sh('rm /run/multilink/.full; ip address flush dev far-eth1 scope global')
    t.equal(await box.state('kernel'), before, `${pages} pages`)
  }
  t.not(codes[0], 0, 'and says so')
  t.equal((await box.run('/var/lib/multilink/current/changed')).code, 0)
})
