// What ifupdown and the DHCP clients say is never lost, whatever becomes of the hook that hears it: it is noted before
// the lock is asked for, and whoever has the lock next acts on it. And what is said in another network namespace is not
// heard.

import t, { type Test } from 'tap'
import { until } from '../../lab/wait.js'
import { allLinks, appliedBox, configureAll, links, makeBox, type Box } from './box.js'
import { startMonitor } from './monitor.js'

const ways = (box: Box) => box.sh('nft list map inet multilink ways | grep -o "goto [a-z0-9_]*"')
const noted = (box: Box) => box.sh('ls /run/multilink/.noted')
const inAll = 'goto keep_eth0\ngoto keep_eth1\ngoto keep_rausb0'
const withoutEth1 = 'goto keep_eth0\ngoto out\ngoto keep_rausb0'

/** Shell that runs a hook as ifupdown does, without the lock that the test may hold. */
const hook = (direction: 'up' | 'down', variables: Readonly<Record<string, string>> = {}) => {
  const usual = { IFACE: 'eth1', ADDRFAM: 'inet', METHOD: 'static', PHASE: `post-${direction}` }
  const words = Object.entries({ ...usual, ...variables }).map(([name, value]) => `'${name}=${value}'`)
  return `env -i PATH=/usr/sbin:/usr/bin PATIENCE="\${PATIENCE:-60}" ${words.join(' ')} \\
    /etc/network/if-${direction}.d/multilink 9>&-`
}
const up = hook('up', { IF_GATEWAY: links.eth1.gateway })
const down = hook('down')

/** While somebody else holds the lock. */
const whileLocked = (box: Box, script: string) =>
  box.run(`export PATIENCE=0; exec 9>>/run/multilink/.lock; flock 9\n${script}`)

/**
 * A box whose hooks give the lock up at once, while somebody else holds it for the test. Otherwise they wait: what
 * sweeps a second after a loss takes it, too.
 */
async function impatientBox(t: Test): Promise<Box> {
  const box = await appliedBox(t)
  await box.sh("sed -i 's/^lock_seconds=60/lock_seconds=${PATIENCE:-60}/' /usr/lib/multilink/records.sh")
  return box
}

const change = (box: Box) => box.sh('/var/lib/multilink/current/changed')

t.test('a hook that waits for the lock in vain: the next that has it acts on what was said', async (t) => {
  const box = await impatientBox(t)
  for (const [said, expected] of [[down, withoutEth1], [up, inAll]] as const) {
    const before = await ways(box)
    const { code, stderr } = await whileLocked(box, said)
    t.equal(code, 0)
    t.match(stderr, /has held \/run\/multilink\/\.lock for 0 seconds/)
    t.equal(await ways(box), before)
    t.match(await noted(box), /^\d+\.eth1$/)
    await box.ifUp('eth0')
    t.equal(await ways(box), expected)
    t.equal(await noted(box), '')
  }

  await t.test('also the monitor, which nothing else tells', async (t) => {
    await startMonitor(t, box)
    for (const [said, expected] of [[down, withoutEth1], [up, inAll]] as const) {
      t.equal((await whileLocked(box, said)).code, 0)
      await until('it has acted', async () => (await ways(box)) === expected)
    }
  })
})

t.test('a hook that is killed while it waits for the lock', async (t) => {
  const box = await appliedBox(t)
  await box.ifDown('eth1')
  await box.rests()
  const { code } = await whileLocked(box, `
    setsid ${up} 2>/dev/null &
    waits="-> FLOCK .*:$(stat -c %i /run/multilink/.lock) "
    until grep -q -- "$waits" /proc/locks; do sleep 0.02; done
    kill -9 -$!`)
  t.equal(code, 0)
  t.equal(await ways(box), withoutEth1)
  await change(box)
  t.equal(await ways(box), inAll)
})

t.test('a hook that is killed at once: what it has said is known', async (t) => {
  const box = await appliedBox(t)
  await box.ifDown('eth1')
  await box.rests()
  // The rendered hook is what would do the work.
  await box.sh(`cd /var/lib/multilink/current
    mv if-up if-up.away
    printf '#!/bin/sh\\nkill -9 0\\n' >if-up
    chmod 755 if-up`)
  t.not((await box.run(`setsid --wait ${up}`)).code, 0)
  await box.sh('cd /var/lib/multilink/current; mv if-up.away if-up')
  await change(box)
  t.equal(await ways(box), inAll)
})

t.test('where /run is full', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.sh('mkdir /run/multilink; mount -t tmpfs -o size=2m room /run/multilink')
  t.equal((await box.apply(allLinks)).code, 0)
  await box.ifDown('eth1')
  await box.rests()
  await box.sh('dd if=/dev/zero of=/run/multilink/.full bs=4096 2>/dev/null || :')
  const { code, stderr } = await box.ifUp('eth1', { IF_GATEWAY: links.eth1.gateway })
  t.equal(code, 0)
  t.match(stderr, 'if-up failed')
  t.equal(await ways(box), withoutEth1)
  await box.sh('rm /run/multilink/.full')
  await change(box)
  t.equal(await ways(box), inAll)
})

t.test('all that is said of a link counts, in its order', async (t) => {
  const box = await impatientBox(t)
  const record = () => box.run('cat /run/multilink/eth1').then(({ stdout }) => stdout.split('\n').filter(Boolean))
  const says = async (...hooks: string[]) => {
    await whileLocked(box, hooks.join('\n'))
    await change(box)
    return record()
  }
  const inet6 = hook('up', { ADDRFAM: 'inet6', IF_GATEWAY: 'fe80::1' })
  t.strictSame(await says(down, up, inet6), ['gateway=172.16.0.1', 'gateway6=fe80::1'], 'one hook a family')
  t.strictSame(await says(up, down), [])
  t.equal(await ways(box), withoutEth1)
  t.strictSame(await says(down, up, down, up), ['gateway=172.16.0.1', 'gateway6='])
  t.equal(await ways(box), inAll)

  await t.test('one hook an interface: what it does not say is no more (ifupdown2, ifupdown-ng)', async (t) => {
    const whole = (gateways: Record<string, string>) => hook('up', { ADDRFAM: 'inet,inet6', PHASE: 'up', ...gateways })
    t.strictSame(await says(whole({ IF_GATEWAY: '172.16.0.9 fe80::9' })), ['gateway=172.16.0.9', 'gateway6=fe80::9'])
    t.strictSame(await says(whole({ IF_GATEWAY: '172.16.0.9' })), ['gateway=172.16.0.9', 'gateway6='])
    t.strictSame(await says(whole({})), ['gateway=', 'gateway6='])
    const both = { IF_GATEWAYS: '172.16.0.1 fe80::1', IF_GATEWAY: '172.16.0.1' }
    t.strictSame(await says(whole(both)), ['gateway=172.16.0.1', 'gateway6=fe80::1'], 'as ifupdown-ng passes them')
  })
})

t.test('what a DHCP client says while the lock is held', async (t) => {
  const box = await impatientBox(t)
  const { code, stderr } = await whileLocked(box, "/usr/lib/multilink/lease eth1 4 set 172.16.0.9 '' 192.0.2.53 9>&-")
  t.equal(code, 1)
  t.match(stderr, 'what its lease says could not be put into the kernel')
  await change(box)
  t.equal(await box.sh('cat /run/multilink/.lease4/eth1'), 'gateway=172.16.0.9\nservers=\ndns=192.0.2.53')

  await t.test('however long it is', async (t) => {
    const resolvers = Array.from({ length: 999 }, (_, n) => `198.51.100.${n}`).join(' ')
    await whileLocked(box, `/usr/lib/multilink/lease eth1 4 set 172.16.0.1 '' '${resolvers}' 9>&-`)
    await change(box)
    t.match(await box.sh('cat /run/multilink/.lease4/eth1'), /^gateway=172\.16\.0\.1\nservers=\ndns=198\.51\.100\.0 /)
  })
})

t.test('what two hooks of one link say at once is both known', async (t) => {
  const box = await impatientBox(t)
  const say = (n: number) => `. /usr/lib/multilink/note.sh; note eth1 'lease|4|set|172.16.0.${n}||' 9>&-`
  await whileLocked(box, `
    for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      sh -euc "${say(8)}" & first=$!
      sh -euc "${say(9)}" & second=$!
      wait $first
      wait $second
    done`)
  t.equal((await noted(box)).split('\n').length, 40)
})

t.test('notes of what is no link may go while they are read; a link whose name ends alike keeps its own', async (t) => {
  const box = await impatientBox(t)
  await whileLocked(box, down)
  await box.sh(`ln -s 'down|' /run/multilink/.noted/100000000.lan0
    cat >>/usr/lib/multilink/records.sh <<'END'
readlink() {
	rm -f /run/multilink/.noted/100000000.lan0
	command readlink "$@"
}
END`)
  await change(box)
  t.equal(await ways(box), withoutEth1)

  await whileLocked(box, `ln -s 'down|' /run/multilink/.noted/100000009.br.wan\n${hook('up', { IFACE: 'wan' })}`)
  t.equal(await noted(box), '100000009.br.wan')
})

t.test('a hook of an earlier version, which notes nothing', async (t) => {
  const box = await appliedBox(t)
  for (const direction of ['up', 'down']) {
    await box.run(`cat >/etc/network/if-${direction}.d/multilink`, `#!/bin/sh
cd -P /var/lib/multilink/current && exec "$PWD/if-${direction}"
`)
  }
  t.equal((await box.ifDown('eth1')).code, 0)
  t.equal(await ways(box), withoutEth1)
  t.equal((await box.ifUp('eth1', { IF_GATEWAY: links.eth1.gateway })).code, 0)
  t.equal(await ways(box), inAll)
})

t.test('what has waited for an apply to end goes on with what that made', async (t) => {
  const box = await appliedBox(t)
  const { code } = await whileLocked(box, `
    /var/lib/multilink/current/changed 9>&- & waiting=$!
    waits="-> FLOCK .*:$(stat -c %i /run/multilink/.lock) "
    until grep -q -- "$waits" /proc/locks; do sleep 0.02; done
    cd /var/lib/multilink
    cp -a generations/1 generations/2
    printf ': >/run/went_on\\n' >>generations/2/changed
    ln -sfn generations/2 current
    flock -u 9
    wait $waiting`)
  t.equal(code, 0)
  t.equal((await box.run('[ -e /run/went_on ]')).code, 0)
})

t.test('what is no link leaves nothing behind', async (t) => {
  const box = await appliedBox(t)
  const before = await box.state()
  for (const name of ['--all', 'far-eth1', 'eth1:1', 'a/b']) {
    for (const direction of ['up', 'down'] as const) {
      t.equal((await box.run(hook(direction, { IFACE: name }))).code, 0)
      t.equal(await box.state(), before, name)
    }
  }
})

t.test('another network namespace that shares /run', async (t) => {
  const box = await appliedBox(t)
  const before = await box.state()
  const lease = "/usr/lib/multilink/lease eth1 4 set 172.16.0.9 '' ''"
  for (const said of [up, down, hook('up', { IFACE: 'lo' }), lease]) {
    const { code, stdout, stderr } = await box.run(`unshare --net sh -ec '
      ip link set lo up
      ip link add eth1 type veth peer name far1
      ip address add 172.16.7.7/16 dev eth1
      ip link set eth1 up
      ${said.replaceAll("'", `'\\''`)}
      nft list ruleset; ip rule show | wc -l'`)
    t.strictSame({ code, stdout, stderr }, { code: 0, stdout: '3', stderr: '' }, said)
    t.equal(await box.state(), before)
  }
  for (const command of ['multilink apply', 'multilink stop', '/usr/lib/multilink/start']) {
    const { code, stderr } = await box.run(`unshare --net ${command}`)
    t.equal(code, 3, command)
    t.match(stderr, 'is that of another network namespace', command)
    t.equal(await box.state(), before, command)
  }
  t.equal((await box.run('multilink apply')).code, 0, 'here it goes on')
})

t.test('a folder that another version did not need is made', async (t) => {
  const box = await appliedBox(t)
  for (const folder of (await box.sh('cd /run/multilink; find .[a-z]* -mindepth 0 -type d')).split('\n')) {
    await box.sh(`rm -r /run/multilink/${folder}; /var/lib/multilink/current/changed`)
    t.equal((await box.run(`[ -d /run/multilink/${folder} ]`)).code, 0, folder)
  }
})

t.test('whatever the umask, only root can write what root reads, and hold a lock', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.sh('rm -rf /etc/multilink; mkdir -p /etc/multilink/event.d')
  await box.sh('printf "#!/bin/sh\\n" >/etc/multilink/event.d/listens; chmod 755 /etc/multilink/event.d/listens')
  t.equal((await box.apply(allLinks, 'umask 000;')).code, 0)
  const monitor = await startMonitor(t, box)
  await box.run(`umask 000; ${down}; ${up}; /usr/lib/multilink/lease eth1 4 set 172.16.0.1 '' ''`)
  await monitor.end()
  await box.rests()
  t.equal(await box.sh('find /run/multilink /var/lib/multilink -perm /022 ! -type l'), '')
  const locks = (await box.sh('cd /run/multilink; ls .lock .monitor .queue/.lock')).split('\n')
  t.equal(locks.length, 3)
  for (const lock of locks) {
    const { code, stderr } = await box.run(`setpriv --reuid=65534 --clear-groups flock -n /run/multilink/${lock} true`)
    t.not(code, 0, lock)
    t.match(stderr, 'Permission denied')
  }
})
