// What each client's hook makes of what the client says: the clients' own scripts, with the variables that they get, on
// a box without any server. dhclient.test.ts and its neighbours do the same with real servers.

import t, { type Test } from 'tap'
import { makeBox, tunnelUp, type Box } from '../hooks/box.js'

const links = '[link.eth0]\n[link.eth1]\n[link.ppp0]\n'
const path = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'

type Variables = Readonly<Record<string, string>>

/** A box with three links of which nothing is known, and a count of how often everything is brought in line. */
async function leaseBox(t: Test): Promise<Box> {
  const box = await makeBox(t)
  const { code, stderr } = await box.apply(links)
  if (code !== 0) throw new Error(`the first apply failed: ${stderr}`)
  await box.sh('echo "echo >>/run/changed" >>/var/lib/multilink/current/changed; : >/run/changed')
  return box
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
const words = (variables: Variables): string =>
  Object.entries(variables).map(([name, value]) => quoted(`${name}=${value}`)).join(' ')

const run = (box: Box, variables: Variables, command: string) =>
  box.run(`env -i ${path} ${words(variables)} ${command}`)
const record = async (box: Box, link: string, family: 4 | 6 = 4): Promise<string[]> =>
  (await box.sh(`cat /run/multilink/.lease${family}/${link} 2>/dev/null || :`)).split('\n').filter(Boolean)
const timesChanged = async (box: Box): Promise<number> => Number(await box.sh('wc -l </run/changed'))

interface Client {
  readonly name: string
  /** says that an address was leased, with the options given */
  bound(box: Box, options: Options): ReturnType<Box['run']>
  /** says anything else */
  says(box: Box, reason: string, variables?: Variables): ReturnType<Box['run']>
  readonly set: readonly string[]
  readonly drop: readonly string[]
  readonly nothing: readonly string[]
}

interface Options {
  readonly routers?: string
  /** "NETWORK/LENGTH ROUTER …" */
  readonly routes?: string
  readonly server?: string
  readonly resolvers?: string
}

/** Option 121 as dhclient knows it: a list of bytes. */
const bytesOf = (routes: string): string =>
  routes.replaceAll(/(\S+)\/(\d+) (\S+)/g, (_, network: string, length: string, router: string) =>
    [length, ...network.split('.').slice(0, Math.ceil(Number(length) / 8)), ...router.split('.')].join(' '))

const defined = (variables: Record<string, string | undefined>): Variables =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined))

const address = { new_ip_address: '192.168.1.2', new_subnet_mask: '255.255.255.0' }

const dhclientSays: Client['says'] = (box, reason, variables = {}) =>
  run(box, { interface: 'eth0', reason, ...variables }, '/sbin/dhclient-script')
const dhcpcdSays: Client['says'] = (box, reason, variables = {}) =>
  run(box, { interface: 'eth0', reason, if_configured: 'false', ...variables }, '/usr/lib/dhcpcd/dhcpcd-run-hooks')
const udhcpcSays: Client['says'] = (box, reason, variables = {}) =>
  run(box, { interface: 'eth0', ...variables }, `/usr/lib/multilink/udhcpc ${reason}`)

const clients: Client[] = [
  {
    name: 'dhclient',
    bound: (box, { routers, routes, server, resolvers }) =>
      dhclientSays(box, 'BOUND', { ...address, ...defined({
        new_routers: routers,
        new_rfc3442_classless_static_routes: routes && bytesOf(routes),
        new_dhcp_server_identifier: server,
        new_domain_name_servers: resolvers,
      }) }),
    says: dhclientSays,
    set: ['BOUND', 'RENEW', 'REBIND', 'REBOOT'],
    drop: ['EXPIRE', 'FAIL', 'RELEASE', 'STOP'],
    nothing: ['MEDIUM', 'PREINIT', 'ARPCHECK', 'NBI', ''],
  },
  {
    name: 'dhcpcd',
    bound: (box, { routers, routes, server, resolvers }) =>
      dhcpcdSays(box, 'BOUND', { ...address, ...defined({
        new_routers: routers,
        new_classless_static_routes: routes,
        new_dhcp_server_identifier: server,
        new_domain_name_servers: resolvers,
      }) }),
    says: dhcpcdSays,
    set: ['BOUND', 'RENEW', 'REBIND', 'REBOOT', 'INFORM', 'STATIC', 'TIMEOUT'],
    drop: ['EXPIRE', 'FAIL', 'NAK', 'IPV4LL', 'RELEASE', 'STOP', 'NOCARRIER', 'DEPARTED'],
    nothing: ['PREINIT', 'CARRIER', 'NOCARRIER_ROAMING', 'STOPPED', 'UNKNOWN', ''],
  },
  {
    name: 'udhcpc',
    bound: (box, { routers, routes, server, resolvers }) =>
      udhcpcSays(box, 'bound', { ip: '192.168.1.2', subnet: '255.255.255.0', ...defined({
        router: routers, staticroutes: routes, serverid: server, dns: resolvers,
      }) }),
    says: udhcpcSays,
    set: ['bound', 'renew'],
    drop: ['deconfig'],
    nothing: ['leasefail', 'nak'],
  },
]

/** Everything in a lease at once, by the names that all three clients use. */
const everything = {
  ...address,
  new_routers: '192.168.1.1',
  new_dhcp_server_identifier: '192.168.1.1',
  new_domain_name_servers: '9.9.9.9',
  ip: '192.168.1.2',
  subnet: '255.255.255.0',
  router: '192.168.1.1',
  serverid: '192.168.1.1',
  dns: '9.9.9.9',
}
const everythingRecorded = ['gateway=192.168.1.1', 'servers=192.168.1.1', 'dns=9.9.9.9']

for (const client of clients) {
  t.test(client.name, async (t) => {
    const box = await leaseBox(t)
    const recordOf = async (options: Options): Promise<string[]> => {
      const { code } = await client.bound(box, { server: '192.168.1.1', ...options })
      t.equal(code, 0)
      return record(box, 'eth0')
    }
    const servers = 'servers=192.168.1.1'

    await t.test('of routers the first good one counts', async (t) => {
      t.strictSame(await recordOf({ routers: '192.168.1.1' }), ['gateway=192.168.1.1', servers, 'dns='])
      t.strictSame(await recordOf({ routers: '192.168.1.254 192.168.1.1', resolvers: '9.9.9.9 192.168.1.53 9.9.9.9' }),
        ['gateway=192.168.1.254', servers, 'dns=9.9.9.9 192.168.1.53'])
      t.strictSame(await recordOf({ routers: '0.0.0.0 127.0.0.1 224.0.0.1 255.255.255.255 192.168.1.3' }),
        ['gateway=192.168.1.3', servers, 'dns='])
      t.strictSame(await recordOf({}), ['gateway=', servers, 'dns='])
    })

    await t.test('option 121 takes the place of option 3', async (t) => {
      const routers = '192.168.1.1'
      const routes = (list: string): Promise<string[]> => recordOf({ routers, routes: list })
      t.strictSame(await routes('10.1.0.0/16 192.168.1.9 0.0.0.0/0 192.168.1.7 10.2.3.0/24 192.168.1.9'),
        ['gateway=192.168.1.7', servers, 'dns='])
      t.strictSame(await routes('10.2.3.4/32 192.168.1.9 10.2.3.128/25 192.168.1.9 10.0.0.0/8 192.168.1.9'),
        ['gateway=', servers, 'dns='])
      t.strictSame(await routes('0.0.0.0/0 0.0.0.0'), ['gateway=', servers, 'dns='])
    })

    await t.test('what is no address is no word of ours', async (t) => {
      const evil = '$(touch /run/evil) `touch /run/evil` ;touch /run/evil ../../etc/passwd * 1.2.3 010.1.1.1 1.2.3.256'
      t.strictSame(await recordOf({ routers: evil, server: evil, resolvers: `${evil} 9.9.9.9\n192.168.1.53` }),
        ['gateway=', 'servers=', 'dns=9.9.9.9 192.168.1.53'])
      t.strictSame(await recordOf({ routers: '192.168.1.1', routes: evil }), ['gateway=', servers, 'dns='])
      t.strictSame(await recordOf({ routers: '192.168.1.1', routes: '0.0.0.0/0' }), ['gateway=', servers, 'dns='])
      t.equal(await box.sh('ls /run/evil 2>/dev/null || :'), '')
      const many = Array.from({ length: 300 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(' ')
      const [, , dns = ''] = await recordOf({ resolvers: many })
      t.equal(dns.split(' ').length, 16, 'no list without end')
    })

    await t.test('each reason', async (t) => {
      for (const reason of client.set) {
        await box.sh('rm -f /run/multilink/.lease4/eth0')
        const before = await timesChanged(box)
        await client.says(box, reason, everything)
        t.strictSame(await record(box, 'eth0'), everythingRecorded, reason)
        t.equal(await timesChanged(box), before + 1, `${reason}: everything was brought in line once`)
      }
      for (const reason of client.nothing) {
        const before = await timesChanged(box)
        await client.says(box, reason, everything)
        t.strictSame(await record(box, 'eth0'), everythingRecorded, reason)
        t.equal(await timesChanged(box), before, `${reason}: nothing happened`)
      }
      for (const reason of client.drop) {
        await client.says(box, client.set[0] ?? '', everything)
        const before = await timesChanged(box)
        await client.says(box, reason, { old_ip_address: '192.168.1.2' })
        t.strictSame(await record(box, 'eth0'), [], reason)
        t.ok((await timesChanged(box)) > before, `${reason}: everything was brought in line`)
      }
    })

    await t.test('without the package, and for what is no link, nothing happens', async (t) => {
      const before = await timesChanged(box)
      const other = await client.says(box, client.set[0] ?? '', { ...everything, interface: 'rausb0' })
      t.equal(other.code, 0)
      t.equal(await box.sh('ls /run/multilink/.lease4'), '')
      await box.sh(`mv /usr/lib/multilink/udhcpc /run/udhcpc; rm -r /usr/lib/multilink
        mkdir /usr/lib/multilink; mv /run/udhcpc /usr/lib/multilink`)
      t.strictSame((await client.says(box, client.set[0] ?? '', everything)).code, 0)
      t.equal(await box.sh('ls /run/multilink/.lease4'), '')
      t.equal(await timesChanged(box), before)
    })
  })
}

t.test('DHCPv6 and router advertisements each name resolvers of their own', async (t) => {
  const box = await leaseBox(t)
  const rdnss = (now: number): Variables => ({
    nd1_acquired: '100', nd1_now: String(now), nd1_rdnss1_servers: '2001:db8::53 fe80::1', nd1_rdnss1_lifetime: '60',
    nd1_rdnss2_servers: '2001:db8::54', nd1_rdnss2_lifetime: '600',
  })
  const dhcpv6 = { new_dhcp6_name_servers: '2001:DB8::53 2001:db8::55 ::1 ff02::1 1:2:3 $(reboot)' }
  const lines = (told: string, advertised: string, all: string): string[] =>
    ['gateway=', 'servers=', `dns=${all}`, `told=${told}`, `advertised=${advertised}`]

  await dhcpcdSays(box, 'ROUTERADVERT', rdnss(100))
  t.strictSame(await record(box, 'eth0', 6), lines('', '2001:db8::53 2001:db8::54', '2001:db8::53 2001:db8::54'))
  await dhcpcdSays(box, 'BOUND6', dhcpv6)
  t.strictSame(await record(box, 'eth0', 6), lines('2001:db8::53 2001:db8::55', '2001:db8::53 2001:db8::54',
    '2001:db8::53 2001:db8::55 2001:db8::54'))
  await dhcpcdSays(box, 'ROUTERADVERT', rdnss(160))
  t.strictSame(await record(box, 'eth0', 6), lines('2001:db8::53 2001:db8::55', '2001:db8::54',
    '2001:db8::53 2001:db8::55 2001:db8::54'), 'one has run out')
  await dhcpcdSays(box, 'EXPIRE6')
  t.strictSame(await record(box, 'eth0', 6), lines('', '2001:db8::54', '2001:db8::54'))
  await dhcpcdSays(box, 'NOCARRIER')
  t.strictSame(await record(box, 'eth0', 6), [])
  await dhclientSays(box, 'BOUND6', dhcpv6)
  t.strictSame(await record(box, 'eth0', 6), lines('2001:db8::53 2001:db8::55', '', '2001:db8::53 2001:db8::55'))
  await dhclientSays(box, 'RELEASE6', { old_ip6_address: '2001:db8::2' })
  t.strictSame(await record(box, 'eth0', 6), [])
  t.strictSame(await record(box, 'eth0'), [], 'and IPv4 has nothing to do with it')
})

t.test('a ppp link is in when pppd says so, and out when pppd has taken it down', async (t) => {
  const box = await leaseBox(t)
  const pppd = (event: string, variables: Variables = {}) =>
    run(box, variables, `/etc/ppp/${event} ppp0 /dev/ttyS1 38400 198.51.100.2 198.51.100.1 ''`)
  const interfaceGone = 'kill $(cat /run/held); ip link delete ppp0'
  const routes = () => box.sh('ip -N route show table 1003 2>/dev/null || :')

  await box.ifUp('ppp0', { METHOD: 'ppp' })
  t.equal(await routes(), '', 'ifupdown comes before there is an interface')
  await box.sh(tunnelUp('ppp0', '198.51.100.2 peer 198.51.100.1'))
  t.equal((await pppd('ip-up', { USEPEERDNS: '1', DNS1: '198.51.100.53', DNS2: '$(reboot)' })).code, 0)
  t.match(await routes(), 'default dev ppp0', 'no gateway is needed')
  t.strictSame(await record(box, 'ppp0'), ['gateway=', 'servers=', 'dns=198.51.100.53'])

  await box.sh(interfaceGone)
  t.equal((await pppd('ip-down')).code, 0)
  t.equal(await routes(), '')
  t.strictSame(await record(box, 'ppp0'), [])
  t.match(await box.sh('cat /run/multilink/.out4/ppp0'), 'its interface is down or absent')

  await box.ifDown('ppp0', { METHOD: 'ppp' })
  await box.sh(tunnelUp('ppp0', '198.51.100.2 peer 198.51.100.1'))
  t.equal((await pppd('ip-up')).code, 0)
  t.match(await routes(), 'default dev ppp0', 'pon after ifdown, without resolvers')
  for (const event of ['ipv6-up', 'ipv6-down']) {
    const before = await timesChanged(box)
    t.equal((await pppd(event)).code, 0)
    t.equal(await timesChanged(box), before + 1, event)
  }
  await box.sh(interfaceGone)
})

t.test('the same lease again writes nothing; while stopped a lease is remembered and nothing changes', async (t) => {
  const box = await leaseBox(t)
  const set = (router: string) => box.sh(`/usr/lib/multilink/lease eth0 4 set ${router} 192.168.1.1 ''`)
  const inode = () => box.sh('stat -c %i /run/multilink/.lease4/eth0')
  await set('192.168.1.1')
  const before = await inode()
  await set('192.168.1.1')
  t.equal(await inode(), before)

  await box.sh('multilink stop')
  const stopped = await box.state('kernel')
  await set('192.168.1.254')
  t.strictSame(await record(box, 'eth0'), ['gateway=192.168.1.254', 'servers=192.168.1.1', 'dns='])
  t.equal(await box.state('kernel'), stopped)
})

t.test('what the caller has in its environment or on its command line does no harm', async (t) => {
  const box = await leaseBox(t)
  const lease = (rest: string) => box.run(`MULTILINK_LOCKED=yes /usr/lib/multilink/lease ${rest}`)
  for (const rest of ["'eth0 eth1' 4 drop", "'*' 4 drop", "../eth0 4 set 1.2.3.4 '' ''", "'' 4 drop"]) {
    t.equal((await lease(rest)).code, 0, rest)
    t.equal(await box.sh('find /run/multilink -path "*lease*" -type f'), '')
  }
  for (const rest of ["eth0 5 set 1.2.3.4 '' ''", 'eth0 4 take', 'eth0 ra up']) {
    const { code, stderr } = await lease(rest)
    t.equal(code, 2, rest)
    t.match(stderr, 'is no source and verb')
  }
  await box.rests()
  const waited = await box.sh(`exec 9>/run/multilink/.lock; flock 9
    env MULTILINK_LOCKED=yes /usr/lib/multilink/lease eth0 4 drop 9>&- & lease=$!
    waits="-> FLOCK .*:$(stat -c %i /run/multilink/.lock) "
    until grep -q -- "$waits" /proc/locks || ! kill -0 $lease 2>/dev/null; do sleep 0.02; done
    ! grep -q -- "$waits" /proc/locks || echo waited
    exec 9>&-
    wait $lease`)
  t.equal(waited, 'waited', 'for the lock, whatever the environment says')
})

t.test('a refusal of the kernel is said and does not fail the client', async (t) => {
  const box = await leaseBox(t)
  await box.sh('sed -i "\\$s/.*/lock; false/" /var/lib/multilink/current/changed')
  const { code, stderr } = await dhclientSays(box, 'BOUND', everything)
  t.equal(code, 0)
  t.match(stderr, "multilink: eth0: what its lease says could not be put into the kernel; run 'multilink apply'")
  t.strictSame(await record(box, 'eth0'), everythingRecorded)
})
