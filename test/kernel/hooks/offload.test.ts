// offload = true: a kernel without flowtables goes on without; in one that has them the flowtable follows what is
// there. What a flowtable does with packets only a kernel that has them shows: test/system.

import t, { type Test } from 'tap'
import { until } from '../../lab/wait.js'
import { allLinks, configureAll, makeBox, type Box } from './box.js'
import { startMonitor } from './monitor.js'

const config = `offload = true\n${allLinks}`

/**
 * In the place of nft, whatever the kernel has: refuses flowtables that hook what /run/refused names ("." any at all),
 * else keeps what of the text is about them in /run/flowtable, and gives nft the rest.
 */
async function pretend(box: Box, refused: string): Promise<void> {
  await box.sh(`echo '${refused}' >/run/refused
    [ ! -e /run/nft ] || exit 0
    cp /usr/sbin/nft /run/nft
    cat >/run/shim <<'END'
#!/bin/sh
case "$*" in
  '-f -' | '-c -f -') ;;
  *) exec /run/nft "$@" ;;
esac
text=$(cat)
about=$(printf '%s\\n' "$text" | grep -e flowtable -e 'flow add' | grep -v '^\\s*#')
if [ -n "$about" ]; then
  ! printf '%s\\n' "$about" | grep -q "$(cat /run/refused)" || { echo 'Error: No such file or directory' >&2; exit 1; }
  case "$*" in -c*) exit 0 ;; esac
  printf '%s\\n' "$about" >/run/flowtable
fi
printf '%s\\n' "$text" | sed '/^[^#]*\\(flowtable\\|flow add\\)/d' | /run/nft "$@"
END
    chmod 755 /run/shim
    mount --bind /run/shim /usr/sbin/nft`)
}

async function boxWith(t: Test, refused: string): Promise<Box> {
  const box = await makeBox(t)
  await configureAll(box)
  await pretend(box, refused)
  return box
}

/** The interfaces that were hooked last, but for the other ends of the links. */
async function hooked(box: Box): Promise<string[]> {
  const text = await box.sh('cat /run/flowtable')
  const names = [...(/devices = \{ (.*) \}/.exec(text)?.[1] ?? '').matchAll(/"(.*?)"/g)].map(([, name = '']) => name)
  return names.filter((name) => !name.startsWith('far-')).sort()
}

const changed = (box: Box) => box.run('/var/lib/multilink/current/changed')
/** Which rules of `choose` are there: other handles when they were made anew, and turns began anew. */
const turns = (box: Box) => box.sh('nft -a list chain inet multilink choose')

t.test('a kernel without flowtables: apply says so, and all else is as ever', async (t) => {
  const box = await boxWith(t, '.')
  const { code, stderr } = await box.apply(config)
  t.equal(code, 0)
  t.match(stderr, /^multilink: offload: this kernel has no flowtables .*forwarded connections go on without$/m)
  const table = await box.sh('nft list table inet multilink')
  t.match(table, 'chain offload_forwarded')
  t.notMatch(table, 'hook forward', 'no packet takes a way that leads nowhere')
  t.match(await box.sh('nft list map inet multilink ways'), '0x03000000 : goto keep_rausb0')
  const hook = await box.ifDown('eth1')
  t.same(hook.code, 0)
  t.notMatch(hook.stderr, 'offload', 'hooks do not say it again')
  t.match(await box.sh('nft list map inet multilink ways'), '0x02000000 : goto out')
})

t.test('a kernel with flowtables: every interface that is up is hooked, but lo and ports', async (t) => {
  const box = await boxWith(t, 'nothing')
  await box.sh(`ip link add down0 type veth peer name far-down0
    ip link add br0 type bridge; ip link add port0 type veth peer name far-port0
    ip link set port0 master br0 up; ip link set br0 up
    ip link add 'odd"name' type veth peer name far-odd; ip link set 'odd"name' up`)
  const { code, stderr } = await box.apply(config)
  t.equal(code, 0)
  t.notMatch(stderr, 'offload')
  t.same(await hooked(box), ['br0', 'eth0', 'eth1', 'rausb0'])
  t.match(await box.sh('nft list chain inet multilink forward'), 'goto offload_forwarded')
})

t.test('the flowtable is made anew when something changes, and turns go on when that is no link', async (t) => {
  const box = await boxWith(t, 'nothing')
  await box.apply(config)
  const before = await turns(box)
  await box.sh('rm /run/flowtable')
  t.equal((await changed(box)).code, 0)
  t.equal((await box.run('cat /run/flowtable')).code, 1, 'without news nothing is loaded')
  const appear = 'ip link add lan0 type veth peer name lan1; ip link set lan0 up'
  await box.sh(appear)
  await changed(box)
  t.same(await hooked(box), ['eth0', 'eth1', 'lan0', 'rausb0'])
  await box.sh(`rm /run/flowtable; ip link delete lan0; ${appear}`)
  await changed(box)
  t.same(await hooked(box), ['eth0', 'eth1', 'lan0', 'rausb0'], 'another interface of the same name is hooked too')
  t.equal(await turns(box), before)
  await box.sh('rm /run/flowtable')
  await box.ifDown('eth1')
  t.ok((await hooked(box)).length > 0, 'a link that goes takes what is offloaded with it')
  t.not(await turns(box), before)
})

t.test('an interface that is gone by the time it would be hooked keeps nothing else from being loaded', async (t) => {
  const box = await boxWith(t, 'nothing')
  await box.apply(config)
  await pretend(box, 'devices = .*eth1')
  const { code, stderr } = await box.ifDown('rausb0')
  t.equal(code, 0)
  t.match(stderr, /offload: nft refuses the flowtable \(Error: No such file/)
  t.match(await box.sh('nft list map inet multilink ways'), '0x03000000 : goto out')
  await pretend(box, 'nothing')
  await box.sh('rm /run/flowtable')
  await changed(box)
  t.ok((await hooked(box)).includes('eth1'), 'the next run tries again')
})

t.test('the monitor notices an interface that appears', async (t) => {
  const box = await boxWith(t, 'nothing')
  await box.apply(config)
  const monitor = await startMonitor(t, box)
  const runs = await monitor.runs()
  await box.sh('ip link add lan0 type veth peer name lan1; ip link set lan0 up')
  await until('it is hooked', async () => (await hooked(box)).includes('lan0'))
  await box.sh('ip link delete lan0')
  await until('it is not', async () => !(await hooked(box)).includes('lan0'))
  await monitor.rests()
  t.ok((await monitor.runs()) > runs)
})

t.test('without offload no interface of others is news, and nothing is asked', async (t) => {
  const box = await boxWith(t, '.')
  const { stderr } = await box.apply(allLinks)
  t.notMatch(stderr, 'offload')
  const monitor = await startMonitor(t, box)
  const runs = await monitor.runs()
  await box.sh('ip link add lan0 type veth peer name lan1; ip link set lan0 up; ip link delete lan0')
  await monitor.rests()
  t.equal(await monitor.runs(), runs)
})
