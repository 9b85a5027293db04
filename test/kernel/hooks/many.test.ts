// 200 links: the kernel sends each mark to its own table, whichever form the rules have.
//
//   box: many1 … many200   10.64.N.2/24 and 2001:db8:N::2/64, gateways .1 and ::1, nobody at their other ends

import t from 'tap'
import { until } from '../../lab/wait.js'
import { fileLimit } from '../../limits.js'
import { makeBox, tunnelUp, type Box } from './box.js'

const numbers = Array.from({ length: 200 }, (_, index) => index + 1)
const dead = 'RTNETLINK answers: Network is unreachable'

function configOf(links: number): string {
  return numbers
    .slice(0, links)
    .map((n) => `[link.many${n}]\ngateway = "10.64.${n}.1"\ngateway6 = "2001:db8:${n}::1"\n`)
    .join('')
}

/** A box whose interfaces are up; main's default is link 1's, and not for IPv6. */
async function makeManyBox(t: Parameters<typeof makeBox>[0]): Promise<Box> {
  const box = await makeBox(t)
  const lines = numbers.flatMap((n) => [
    `link add many${n} type veth peer name far${n}`,
    `link set far${n} up`,
    `link set many${n} up`,
    `address add 10.64.${n}.2/24 dev many${n}`,
    `address add 2001:db8:${n}::2/64 dev many${n} nodad`,
  ])
  await box.run('ip -batch -', `${lines.join('\n')}\n`)
  await box.sh('ip route add default via 10.64.1.1 dev many1')
  return box
}

async function apply(box: Box, links: number): Promise<void> {
  const { code, stderr } = await box.apply(configOf(links))
  if (code !== 0) throw new Error(`apply of ${links} links: exit ${code}: ${stderr}`)
}

/** Where packets with these links' marks would leave, in both families. */
async function ways(box: Box, links: readonly number[]): Promise<string[]> {
  const lines = links.flatMap((link) => {
    const mark = `mark 0x${link.toString(16)}000000`
    return [`ip -4 route get 198.51.100.1 ${mark} 2>&1 || :`, `ip -6 route get 2001:db8:ffff::1 ${mark} 2>&1 || :`]
  })
  const found = (await box.sh(lines.join('\n'))).split('\n').filter((line) => /^\S/.test(line))
  return found.map((line) => / dev (\S+)/.exec(line)?.[1] ?? line)
}

t.test('each mark leaves by its own link, and one that no link has is refused', async (t) => {
  const box = await makeManyBox(t)
  await apply(box, 200)
  const seen = [1, 2, 3, 4, 15, 16, 63, 64, 65, 128, 199, 200]
  t.strictSame(await ways(box, seen), seen.flatMap((link) => [`many${link}`, `many${link}`]))
  t.strictSame(await ways(box, [201, 254]), [dead, dead, dead, dead])
  await box.sh('ip -4 route flush table 1003; ip -6 route flush table 1003')
  t.strictSame(await ways(box, [2, 3, 4]), ['many2', 'many2', dead, dead, 'many4', 'many4'], 'no other link takes it')
  await box.sh('/var/lib/multilink/current/changed')
  t.strictSame(await ways(box, [3]), ['many3', 'many3'])

  const bound = (family: number, host: string) =>
    box.sh(`ip -${family} route get ${host} oif many150; ip -${family} route get ${host}`)
  await box.sh('ip route delete default')
  t.match(await bound(4, '198.51.100.1'), / dev many150 .* dev many1 /s, 'without a default in main: the first link')
  t.match(await bound(6, '2001:db8:ffff::1'), / dev many150 .* dev many1 /s)
  await box.sh('ip route add default via 10.64.1.1 dev many1')

  const once = await box.state()
  await box.sh('for i in 1 2 3; do /var/lib/multilink/current/changed; done')
  await box.ifUp('many200')
  t.equal(await box.state(), once, 'ten times is once')

  t.match((await box.ifDown('many7')).stderr, 'multilink: many7 is out: taken down by ifdown')
  t.match(await box.sh('nft list map inet multilink ways'), '0x07000000 : goto out')
  t.notMatch(await box.sh('nft list map inet multilink slots'), /use_many7\b/)
  await box.ifUp('many7')
  t.match(await box.sh('nft list map inet multilink slots'), /use_many7\b/)

  await box.sh('multilink stop')
  const left = await box.sh('for f in 4 6; do ip -$f rule; ip -$f route show table all proto 157; done')
  t.notMatch(left, /fwmark|goto|nop|unreachable|proto/)
})

// The kernel lists routes to one prefix again when an address changes meanwhile (fib6_dump_table).
t.test('routes that the kernel lists twice stay, and so do addresses that come and go', async (t) => {
  const box = await makeManyBox(t)
  await apply(box, 200)
  const once = await box.state()
  const ip = await box.run('cat >/usr/local/sbin/ip; chmod 755 /usr/local/sbin/ip', `#!/bin/sh
    [ "$*" = '-N -o -6 -batch -' ] || exec /usr/sbin/ip "$@"
    cat >/run/asked
    for i in $(seq 1000); do
      /usr/sbin/ip "$@" </run/asked >/run/answered
      ! sort /run/answered | uniq -d | grep -q ' table 1256 ' || { echo >>/run/repeated; break; }
    done
    cat /run/answered`)
  t.equal(ip.code, 0)
  await box.sh(`printf '%s\n' 'while [ ! -e /run/enough ]; do' 'echo address add 2001:db8:ffff::1/64 dev lo' \
      'echo address delete 2001:db8:ffff::1/64 dev lo' 'done | ip -6 -batch -' >/run/change
    timeout ${fileLimit / 1000} sh /run/change >/dev/null 2>&1 & echo $! >/run/changing`)
  await box.sh('/var/lib/multilink/current/changed')
  await box.sh('touch /run/enough; while [ -d /proc/$(cat /run/changing) ]; do sleep 0.05; done')
  t.match(await box.sh('wc -l </run/repeated'), /^[1-9]/, 'the kernel did list some twice')
  t.equal(await box.state(), once)
})

t.test('without a default in main, what is bound to one of many has a way', async (t) => {
  const box = await makeManyBox(t)
  const boundTo = async (...links: (number | 'tun0')[]): Promise<string[]> => {
    const devices = links.map((link) => (link === 'tun0' ? link : `many${link}`))
    const asked = devices.map((device) => `ip -4 route get 198.51.100.1 oif ${device} 2>&1 || :`)
    const said = (await box.sh(asked.join('\n'))).split('\n').filter((line) => /^\S/.test(line))
    return said.map((line) => / (via \S+ )?dev \S+/.exec(line)?.[0].trim() ?? line)
  }
  const via = (n: number): string => `via 10.64.${n}.1 dev many${n}`
  const unbound = () => box.sh('ip -4 route get 198.51.100.1; ip -4 route get 198.51.100.1 from 10.64.3.9 iif many3')
  await box.sh('ip route delete default; echo 1 >/proc/sys/net/ipv4/ip_forward')
  // Point-to-point needs no gateway; a broadcast address as one the kernel refuses.
  await box.sh(tunnelUp('tun0', '10.65.0.2 peer 10.65.0.1'))
  const config = `${configOf(70)}[link.tun0]\n`
  const refused = await box.apply(config.replace('gateway = "10.64.68.1"', 'gateway = "10.64.68.255"'))
  t.match([refused.code, refused.stderr], [3, 'the kernel refuses the gateway of many68'])
  t.equal((await box.apply(config)).code, 0)
  t.strictSame(await boundTo(1, 63, 64, 65, 70, 'tun0'), [...[1, 63, 64, 65, 70].map(via), 'dev tun0'])
  t.match(await unbound(), new RegExp(`${via(1)} [^]*${via(1)}`), 'and what is bound to none, and what is forwarded')

  const unboundRules = () => box.sh("ip rule | sed -n 's/ proto .*//; s/^32801:.//p'")
  t.equal(await unboundRules(), 'from 10.64.1.2 iif lo unreachable', 'whose answers need not be asked for further on')
  await box.sh('ip route add default via 10.64.69.1 dev many69; /var/lib/multilink/current/changed')
  t.equal(await unboundRules(), 'from 10.64.69.2 iif lo unreachable')
  await box.sh('ip route delete default')
  const get = 'ip -4 route get 198.51.100.1 from 10.64.69.2'
  const from69 = await box.sh(`${get}; ${get} oif many69`)
  t.match(from69, new RegExp(`${via(1)} [^]*${via(69)}`), 'nothing is refused before anything is told of it')
  await box.sh('/var/lib/multilink/current/changed')
  t.equal(await unboundRules(), 'from 10.64.1.2 iif lo unreachable')

  await box.sh('ip link set many64 down')
  t.strictSame(await boundTo(63, 65), [63, 65].map(via), 'before anything is told of it')
  await box.sh('/var/lib/multilink/current/changed')
  t.strictSame(await boundTo(63, 64, 65), [via(63), dead, via(65)])
  await box.sh('ip link set many64 up; ip link delete many60')
  t.strictSame(await boundTo(59, 61, 62), [59, 61, 62].map(via), 'before anything is told of it')
  await box.sh('ip link delete many1')
  t.match(await unbound(), new RegExp(`${via(2)} [^]*${via(2)}`), 'nor does what is forwarded depend on one interface')
  await box.sh('/var/lib/multilink/current/changed')
  t.strictSame(await boundTo(59, 61, 64), [59, 61, 64].map(via))
  t.match(await unbound(), new RegExp(`${via(2)} [^]*${via(2)}`))

  await box.sh('ip address delete 10.64.67.2/24 dev many67; ip address add 10.64.67.1/24 dev many67')
  t.match((await box.ifUp('many67')).stderr, 'many67 is out: the kernel refuses its gateway 10.64.67.1')
  t.strictSame(await boundTo(66, 68), [66, 68].map(via))
  t.notMatch(await box.sh('ip route show table 1256'), /\bmany67\b/, 'no old route is left')
  t.notMatch((await box.ifUp('many67')).stderr, 'many67 is out', 'said once')

  // Its own route is there already, so only the one of many next hops tells.
  await box.sh('ip address add 10.64.5.1/24 dev many5; ip link set many6 down')
  t.match((await box.run('/var/lib/multilink/current/changed')).stderr, 'many6 is out')
  t.match(await box.sh('nft list map inet multilink ways'), '0x06000000 : goto out')
})

t.test('from few links to many and back what is pinned stays on its link', async (t) => {
  const box = await makeManyBox(t)
  await apply(box, 3)
  const few = await box.sh('ip rule; ip -6 rule')
  // What is not marked goes as main says, and what is to be asked for goes where link 1 is not told from none.
  await box.sh(`
    printf '%s\\n' 'while [ ! -e /run/enough ]; do' \
      'ip -4 route get 198.51.100.1 mark 0x2000000' 'ip -6 route get 2001:db8:ffff::1 mark 0x2000000' \
      'ip -4 route get 198.51.100.1' 'ip -4 route get 198.51.100.1 mark 0xff000000' 'done >>/run/looked 2>&1' >/run/look
    : >/run/looked
    timeout ${fileLimit / 1000} sh /run/look >/dev/null 2>&1 & echo $! >/run/looking`)
  // However slow this machine is, each state is looked at some times, and so is what comes between them.
  const lookMore = () => box.sh(`enough=$(($(wc -l </run/looked) + 25))
    until [ "$(wc -l </run/looked)" -gt $enough ]; do sleep 0.05; done`)
  await lookMore()
  for (const links of [20, 200, 9, 8, 3]) {
    await apply(box, links)
    await lookMore()
  }
  await box.sh('touch /run/enough; while [ -d /proc/$(cat /run/looking) ]; do sleep 0.05; done')
  const looked = (await box.sh('cat /run/looked')).split('\n').filter((line) => /^\S/.test(line))
  const right = [
    /^198\S+ via 10\.64\.2\.1 dev many2 .* mark 0x2000000 /,
    /^2001\S+ from :: via 2001:db8:2::1 dev many2 /,
    /^198\S+ via 10\.64\.1\.1 dev many1 (?!.*mark)/,
    /^198\S+ via 240\.0\.0\.0 dev lo .* mark 0xff000000 /,
  ]
  t.strictSame(looked.filter((line) => !right.some((form) => form.test(line))), [])
  t.ok(looked.length > 100, `looked ${looked.length} times`)
  t.equal(await box.sh('ip rule; ip -6 rule'), few, 'no rule is left over')
})

t.test('whoever listens is told of each of many, in order', async (t) => {
  const box = await makeManyBox(t)
  await box.run('mkdir -p /etc/multilink/event.d; cd /etc/multilink/event.d; cat >record; chmod 755 record', `#!/bin/sh
    echo "$MULTILINK_EVENT $MULTILINK_LINK $MULTILINK_FAMILY $MULTILINK_ADDRESS6 $MULTILINK_MARK" >>/run/told
    [ "$MULTILINK_LINK" != many200 ] || echo $MULTILINK_USABLE >>/run/usable`)
  await apply(box, 200)
  const last = 'grep -q "^usable many200 6 " /run/told'
  await until('the last event has been told', async () => (await box.run(last)).code === 0, { limit: fileLimit })
  await box.rests()
  t.strictSame((await box.sh('cat /run/told')).split('\n'), numbers.flatMap((n) => {
    const facts = `2001:db8:${n}::2 0x${n.toString(16).padStart(2, '0')}000000`
    return [`up many${n}  ${facts}`, `usable many${n} 4 ${facts}`, `usable many${n} 6 ${facts}`]
  }))
  const usable = numbers.map((n) => `many${n}`).join(' ')
  t.equal(await box.sh('cat /run/usable'), [usable, usable, usable].join('\n'))
})

t.test('what is pinned to lost links is let go of, however many they are', async (t) => {
  const box = await makeManyBox(t)
  await apply(box, 200)
  // What a link carries: a connection and a flow of each family. An entry must not end by itself meanwhile.
  const outlives = fileLimit / 1000
  const pairs = ['-d 198.51.100.1 -s 192.0.2.1', '-d 2001:db8::1 -s 2001:db8::2']
  const entries = numbers.flatMap((n) => pairs.flatMap((pair) => ['tcp --state ESTABLISHED', 'udp'].map((protocol) =>
    `conntrack -I ${pair} -p ${protocol} --sport ${1000 + n} --dport 53 -m 0x${n.toString(16)}000000 -t ${outlives} \
      2>&1`)))
  await box.sh(entries.slice(0, 400).join('\n'))
  await box.sh(entries.slice(400).join('\n'))
  await box.sh(`printf '#!/bin/sh\necho "$*" >>/run/asked\nexec /usr/sbin/conntrack "$@"\n' >/usr/local/sbin/conntrack
    chmod 755 /usr/local/sbin/conntrack`)
  const pinned = async (what: string) =>
    (await box.sh(`/usr/sbin/conntrack -L -p ${what} 2>/dev/null | sed 's/.* mark=\\([0-9]*\\).*/\\1/'`))
      .split('\n').filter((mark) => mark !== '').map((mark) => Number(mark) / 0x1000000).sort((a, b) => a - b)
  const both = (links: readonly number[]) => links.flatMap((n) => [n, n])

  await box.sh('ip link set far7 down; /var/lib/multilink/current/changed')
  const afterOne = numbers.filter((n) => n !== 7)
  t.strictSame(await pinned('udp'), both(afterOne), 'one')
  await box.sh(`for n in $(seq 100 160); do echo "link set far$n down"; done | ip -batch -; : >/run/asked
    ip -6 address flush dev many50; /var/lib/multilink/current/changed`)
  const left = afterOne.filter((n) => n < 100 || n > 160)
  t.strictSame(await pinned('udp -f ipv4'), left, 'many')
  t.strictSame(await pinned('udp -f ipv6'), left.filter((n) => n !== 50), 'and one that is lost for IPv6 only')
  t.strictSame(await pinned('tcp'), both(numbers), 'TCP ends by its sockets and resets, not by its entries')
  const asked = await box.sh('cat /run/asked')
  t.match(asked, /^-L -o extended$/m, 'all entries are listed once')
  t.notMatch(asked, /^-L .*-m 0x64000000/m, 'and not those of each link')
})
