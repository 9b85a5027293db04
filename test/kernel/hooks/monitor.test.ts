// The monitor: what happens to a link without ifupdown is noticed, what cannot matter is not, and it ends cleanly.

import { join } from 'node:path'
import t from 'tap'
import { until } from '../../lab/wait.js'
import { fileLimit } from '../../limits.js'
import { project } from '../../program.js'
import { allLinks, appliedBox, configureAll, linkConfigs, links, makeBox, type Box } from './box.js'
import { kernelRests, startMonitor, type Monitor } from './monitor.js'

const ways = (box: Box) => box.sh('nft list map inet multilink ways')
/** Waits until eth1's packets go to the chain. */
const eth1Goes = (box: Box, chain: string) =>
  until(`eth1: ${chain}`, async () => (await ways(box)).includes(`0x02000000 : goto ${chain}`))
/** Without what is the monitor's, and the last transaction. */
const stateWithout = async (box: Box) => (await box.state()).replaceAll(/^.*\.(wake|monitor|elements)\b.*\n/gm, '')

const events = [
  { name: 'set down', lose: 'ip link set eth1 down', regain: 'ip link set eth1 up' },
  { name: 'without carrier', lose: 'ip link set far-eth1 down', regain: 'ip link set far-eth1 up' },
  { name: 'without its address', lose: 'ip address flush dev eth1',
    regain: `ip address add ${links.eth1.address} dev eth1` },
  { name: 'gone', lose: 'ip link delete eth1', regain: `ip link add eth1 type veth peer name far-eth1
    ip link set far-eth1 up; ip address add ${links.eth1.address} dev eth1; ip link set eth1 up` },
  { name: 'renamed', lose: 'ip link set eth1 down; ip link set eth1 name eth9; ip link set eth9 up',
    regain: 'ip link set eth9 down; ip link set eth9 name eth1; ip link set eth1 up' },
  { name: 'in another namespace', lose: `unshare -n sh -c "echo ready; exec sleep ${fileLimit / 1000}" >/run/far 2>&1 &
    echo $! >/run/far.id; until grep -q ready /run/far; do sleep 0.02; done; ip link set eth1 netns $(cat /run/far.id)`,
    regain: `nsenter -t $(cat /run/far.id) -n ip link set eth1 netns $$
    kill $(cat /run/far.id); ip address add ${links.eth1.address} dev eth1; ip link set eth1 up` },
]

t.test('a link that is lost outside ifupdown is taken out, and in again when it is back', async (t) => {
  const box = await appliedBox(t)
  const monitor = await startMonitor(t, box)
  for (const { name, lose, regain } of events) {
    const before = await stateWithout(box)
    await box.sh(lose)
    await eth1Goes(box, 'out')
    await monitor.rests()
    await box.sh(regain)
    await eth1Goes(box, 'keep_eth1')
    await monitor.rests()
    t.equal(await stateWithout(box), before, name)
  }
})

t.test('a default route that comes and goes takes its link along, if that is where the gateway is from', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.apply(`${linkConfigs.eth0}[link.eth1]\n${linkConfigs.rausb0}`)
  const monitor = await startMonitor(t, box)
  await eth1Goes(box, 'out')
  await box.sh('ip route add default via 172.16.0.1 dev eth1 metric 5')
  await eth1Goes(box, 'keep_eth1')
  await box.sh('ip route replace default via 172.16.0.9 dev eth1 metric 5')
  await until('the new gateway', async () => /via 172\.16\.0\.9 /.test(await box.sh('ip route show table 1002')))
  await monitor.rests()
  t.match(await monitor.said(), 'eth1 is in, gateway 172.16.0.1')
})

t.test('each family comes and goes by itself', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.apply(allLinks.replace('[link.eth1]', '[link.eth1]\ngateway6 = "fe80::1"'))
  const monitor = await startMonitor(t, box)
  const goes = (chain: string) =>
    until(chain, async () => (await box.sh('nft list map inet multilink ways6')).includes(`0x02000000 : goto ${chain}`))
  for (const address of ['2001:db8:1::2/64', '2001:db8:2::2/64']) {
    await box.sh(`ip address add ${address} dev eth1`)
    await goes('keep_eth1')
    await box.sh(`ip address delete ${address} dev eth1`)
    await goes('hold')
  }
  await box.sh('ip address add 2001:db8:1::2/64 dev eth1; ip route add default via fe80::9 dev eth1')
  await goes('pin')
  await box.sh('ip address flush dev eth1 scope global')
  await goes('hold')
  t.notMatch(await monitor.said(), /eth0|rausb0/)
})

t.test('routes and rules of ours that another program takes away come back', async (t) => {
  const box = await appliedBox(t)
  const monitor = await startMonitor(t, box)
  const before = await stateWithout(box)
  const damages = [
    'ip rule delete priority 1102',
    'ip route flush table 1002',
    'ip route replace default via 172.16.0.77 dev eth1 table 1002',
    'ip rule flush; ip rule add lookup main priority 32766; ip rule add lookup default priority 32767',
  ]
  for (const damage of damages) {
    await box.sh(damage)
    await until('everything is back', async () => (await stateWithout(box)) === before)
    await monitor.rests()
  }
})

t.test('own changes do not lead from one look to the next', async (t) => {
  const box = await appliedBox(t)
  const monitor = await startMonitor(t, box)
  const before = await monitor.runs()
  await box.ifDown('eth1')
  await monitor.rests()
  const after = await monitor.runs()
  t.ok(after <= before + 1, `${after - before} runs for the routes that the hook deleted`)
  await box.ifUp('eth1')
  await monitor.rests()
  t.equal(await monitor.runs(), after, 'none for those it added')
})

t.test('what cannot matter to a link wakes nobody', async (t) => {
  const box = await appliedBox(t)
  await kernelRests(box)
  await box.sh(`ip -N -o monitor label link address route rule 2>&1 >/run/events & echo $! >/run/id
    until [ "$(awk '$4 != "00000000" && $2 == 0' /proc/net/netlink | wc -l)" -ge 1 ]; do sleep 0.02; done
    ip link add veth1 type veth peer name veth2
    ip address add 10.88.0.1/16 dev veth1
    ip link set veth1 up
    ip link set veth2 up
    ip -6 address add 2001:db8:88::1/64 dev veth1
    ip route add 10.99.0.0/16 via 10.88.0.2
    ip route add default via 10.88.0.2 metric 77
    ip route add default via 10.88.0.2 table 77
    ip rule add priority 77 lookup 77
    ip rule delete priority 77
    ip neighbour add 172.16.0.9 lladdr 02:00:00:00:00:01 dev eth1
    ip route add 192.0.2.0/24 via 172.16.0.9
    ip route add default via 172.16.0.1 dev eth1 table 1002 metric 9 proto 157 onlink
    ip link delete veth1
    ip address add 172.16.0.3/16 dev eth1
    until grep -q 172.16.0.3 /run/events; do sleep 0.02; done
    kill $(cat /run/id)`)
  const filter = `awk -v links="eth0 eth1 rausb0" -v tables="1000 1001 1002 1003" -v protocol=157 \\
    -f ${join(project, 'hooks/lib/monitor.awk')}`
  t.match(await box.sh('cat /run/events'), /veth1.*192\.0\.2\.0.*\[LINK\]Deleted/s)
  t.match(await box.sh(`${filter} /run/events`), /^address \d+: 172\.16\.0\.3\/16$/)
})

t.test('what is known is told once, and again after news was lost', async (t) => {
  const box = await makeBox(t)
  const up = '[LINK]3: eth1@far1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group 0'
  const down = up.replace(',LOWER_UP', '').replace('state UP', 'state DOWN')
  const lost = 'netlink receive error No buffer space available (105)'
  const news = [up, up.replace('1500', '1400'), down, down, lost, down]
  const filter = `awk -v links=eth1 -f ${join(project, 'hooks/lib/monitor.awk')}`
  const { stdout } = await box.run(filter, `${news.join('\n')}\n`)
  t.strictSame(stdout.split('\n'), ['link 3:', 'link 3:', 'unknown', 'link 3:'])
})

t.test('each piece of news is one write: nothing that others put into the queue comes between', async (t) => {
  const box = await makeBox(t)
  // A pipe of packets, pipe(2): what is read at once was written at once.
  const reader = `import os, subprocess, sys
end, out = os.pipe2(os.O_DIRECT)
subprocess.run(sys.argv[1:], input=b"one\\ntwo\\n", stdout=out, check=True)
os.close(out)
print(*iter(lambda: os.read(end, 4096), b""))`
  await box.run('cat >/run/reader', reader)
  const filter = `mawk -W interactive -f ${join(project, 'hooks/lib/monitor.awk')}`
  t.equal(await box.sh(`python3 /run/reader ${filter}`), "b'unknown\\n' b'unknown\\n'")
})

t.test('a prober that ends is started again', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.apply(allLinks.replace('[link.eth1]', '[link.eth1]\ncheck_command = "true"'))
  const monitor = await startMonitor(t, box)
  const prober = () => box.sh(`ps -o pid=,args= --ppid ${monitor.id} | awk '/prober/ { print $1 }'`)
  await until('it runs', prober)
  const first = await prober()
  await box.sh(`kill -9 ${first}`)
  await until('another one runs', async () => !['', first].includes(await prober()))
})

t.test('apply, stop and start reach the running monitor', async (t) => {
  const box = await appliedBox(t)
  const monitor = await startMonitor(t, box)
  await box.apply(allLinks.replace('[link.eth1]', '[link.eth1]\nweight = 3'))
  const script = () => box.sh(`tr '\\0' ' ' </proc/${monitor.id}/cmdline`)
  await until('the second generation', async () => (await script()).includes('/generations/2/monitor'))
  await monitor.rests()
  t.equal((await monitor.watchers()).length, 2)
  await box.sh('ip link set eth1 down')
  await eth1Goes(box, 'out')

  await box.sh('multilink stop')
  await until('nothing is watched', async () => (await monitor.watchers()).length === 0)
  await monitor.rests()
  await box.sh('ip link set eth1 up; /usr/lib/multilink/start')
  await eth1Goes(box, 'keep_eth1')
  await until('it watches again', async () => (await monitor.watchers()).length === 2)
  await box.apply('')
  await until('there is no link to watch', async () => (await monitor.watchers()).length === 0)
})

t.test('started before the first apply, it waits for it', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  const monitor = await startMonitor(t, box)
  t.equal(await monitor.runs(), 0)
  await box.apply(allLinks)
  await until('it watches', async () => (await monitor.watchers()).length === 2)
  await monitor.rests()
  await box.sh('ip link set eth1 down')
  await eth1Goes(box, 'out')
})

t.test('whichever of the two that watch is killed, both are started again and nothing is missed', async (t) => {
  const box = await appliedBox(t)
  const monitor = await startMonitor(t, box)
  for (const which of [0, 1]) {
    await monitor.rests()
    const before = await monitor.watchers()
    await box.sh(`kill -9 ${before[which] ?? 'none'}; ip link set eth1 down`)
    await eth1Goes(box, 'out')
    await until('two others', async () => {
      const now = await monitor.watchers()
      return now.length === 2 && now.every((id) => !before.includes(id))
    })
    await box.sh('ip link set eth1 up')
    await eth1Goes(box, 'keep_eth1')
  }
})

t.test('also one that is killed while a run is on', async (t) => {
  const box = await appliedBox(t)
  const monitor = await startMonitor(t, box)
  for (const which of [0, 1]) {
    const killed = (await monitor.watchers())[which] ?? 'none'
    await box.sh(`exec 5>>/run/multilink/.lock; flock 5
      ip link set rausb0 down
      until ps --ppid ${monitor.id} -o args= | grep -q /changed; do sleep 0.02; done
      kill -9 ${killed}`)
    await until('two others', async () => {
      const now = await monitor.watchers()
      return now.length === 2 && !now.some((id) => id === killed)
    })
    await box.sh('ip link set rausb0 up')
    await monitor.rests()
  }
})

t.test('a run that fails is said and repeated', async (t) => {
  const box = await appliedBox(t)
  const monitor = await startMonitor(t, box)
  await box.sh(`mv /usr/lib/multilink/decide.sh /usr/lib/multilink/decide.off
    ip link set eth1 down`)
  await until('it says so', async () => (await monitor.said()).includes('trying again'))
  await box.sh('mv /usr/lib/multilink/decide.off /usr/lib/multilink/decide.sh')
  await eth1Goes(box, 'out')
})

/** Longer than any test. */
const endless = fileLimit / 1000

/** Ends what sleeps so long in the box; status 1 if nothing does. */
const endSleep = (box: Box) => box.run(`pkill --ns $$ --nslist mnt -xf 'sleep ${endless}'`)

/** Kills the child of the monitor that waits for such a sleep. */
async function killTimer(box: Box, monitor: Monitor): Promise<void> {
  const timer = () => box.sh(`for id in $(pgrep -P ${monitor.id}); do
      ! pgrep -P "$id" -xf 'sleep ${endless}' >/dev/null || echo "$id"
    done`)
  await box.sh(`kill -9 ${await until('the timer', timer)}`)
  await endSleep(box)
}

const setSeconds = (box: Box, name: string, seconds: number) =>
  box.sh(`sed -i 's/\\b${name}=[0-9.]*/${name}=${seconds}/' /usr/lib/multilink/monitor.sh`)

t.test('a timer that is killed holds nothing up', async (t) => {
  const box = await appliedBox(t)

  await t.test('the one that ends a burst', async (t) => {
    await setSeconds(box, 'gather_seconds', endless)
    const monitor = await startMonitor(t, box)
    await box.sh('ip link set eth1 down')
    await killTimer(box, monitor)
    // The time of the one that takes its place is over: without its sleep a timer goes on.
    await until('another one', async () => (await endSleep(box)).code === 0)
    await eth1Goes(box, 'out')
  })

  await t.test('the one that leads to another try', async (t) => {
    await setSeconds(box, 'gather_seconds', 0.05)
    await setSeconds(box, 'retry_seconds', endless)
    const monitor = await startMonitor(t, box)
    await box.sh(`mv /usr/lib/multilink/decide.sh /usr/lib/multilink/decide.off
      ip link set eth1 up`)
    await until('it says so', async () => (await monitor.said()).includes('trying again'))
    await box.sh('mv /usr/lib/multilink/decide.off /usr/lib/multilink/decide.sh')
    await killTimer(box, monitor)
    await eth1Goes(box, 'keep_eth1')
  })
})

t.test('SIGTERM ends it and all it has started; SIGKILL too', async (t) => {
  for (const signal of ['TERM', 'KILL']) {
    const box = await appliedBox(t)
    const monitor = await startMonitor(t, box)
    const all = [monitor.id, ...(await monitor.watchers())]
    t.equal(all.length, 3)
    await box.sh(`kill -${signal} ${monitor.id}`)
    await until(`none of ${all.join(' ')} is left`, async () => (await box.run(`ps -p ${all.join(',')}`)).code !== 0)
    const again = await startMonitor(t, box)
    t.equal((await again.watchers()).length, 2, 'and it can be started again')
  }
})

t.test('there is one monitor at a time', async (t) => {
  const box = await appliedBox(t)
  const monitor = await startMonitor(t, box)
  const { code, stderr } = await box.run('/usr/lib/multilink/monitor')
  t.equal(code, 3)
  t.match(stderr, 'another monitor is running')
  t.equal((await monitor.watchers()).length, 2)
})

// What the kernel tells late can be what it told before: a cable that went and came, with a look in between.
t.test('after a change of a link\'s state there is a second look, whatever is told meanwhile', async (t) => {
  const box = await appliedBox(t)
  await box.sh(`cat >/usr/local/sbin/sleep <<'END'
#!/bin/sh
[ "$1" = 2 ] || exec /bin/sleep "$@"
until [ -e /run/seconds-over ]; do /bin/sleep 0.02; done
END
    chmod 755 /usr/local/sbin/sleep`)
  const monitor = await startMonitor(t, box)
  const [source = 0] = await monitor.watchers()
  const before = await monitor.runs()
  // Last registered, first done: the monitor waits for the end of what it ends.
  t.teardown(() => box.run(`kill -CONT ${source}`))
  await box.sh(`kill -STOP ${source}; echo 'link 3:' 1<>/run/multilink/.wake`)
  await until('the first look', async () => (await monitor.runs()) > before)
  await box.sh('ip link set eth1 down; touch /run/seconds-over')
  await eth1Goes(box, 'out')
  t.equal(await monitor.runs(), before + 2)
})
