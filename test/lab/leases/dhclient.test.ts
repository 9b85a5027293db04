// Leases as Debian 12's dhclient gets them from a real dnsmasq, the interfaces brought up by ifup.
// What dhclient's hook makes of odd answers is in hooks.test.ts.

import t from 'tap'
import { waitLimit } from '../../limits.js'
import { dhcpStanzas, giveIPv6, leaseLab, linkTaken, tableSays } from './box.js'
import { leaseGone, leaseOf, leaseSays } from './box.js'
import { dhcpServer } from './dhcp-server.js'
import type { Lab } from '../network.js'
import { configure, deb, labOf, ports, tally } from '../scenario.js'
import { links, server } from '../topology.js'
import { until } from '../wait.js'

// labs of their own, which mostly wait
t.jobs = 3

const one = { gateway: '192.168.1.1', servers: ['192.168.1.1'], dns: [] }
const router = '3,192.168.1.1'

interface Pace {
  /** how long ifup waits for an answer */
  readonly timeout: number
  /** how long a lease lasts, and when it is to be renewed; all in seconds */
  readonly lease: number
  readonly renewal: number
}

/** Until an answer must have come, in seconds. */
const patience = waitLimit / 1000

/** Stanzas for DHCP, and dhclient's pace: dnsmasq gives no leases shorter than two minutes, dhclient takes less. */
async function stanzas(lab: Lab, { timeout, lease, renewal }: Pace): Promise<void> {
  await dhcpStanzas(lab, 'dhclient')
  const pace = [
    `timeout ${timeout};`,
    'retry 1;',
    'initial-interval 1;',
    'backoff-cutoff 1;',
    `supersede dhcp-lease-time ${lease};`,
    `supersede dhcp-renewal-time ${renewal};`,
    `supersede dhcp-rebinding-time ${lease - 1};`,
  ]
  await lab.box.sh(`printf '%s\\n' '${pace.join("' '")}' >>/etc/dhcp/dhclient.conf`)
}

void t.test('dhclient on one link', async (t) => {
  const lab = await leaseLab(t)
  await stanzas(lab, { timeout: patience, lease: 600, renewal: 1 })
  const server = await dhcpServer(t, lab, 'eth0')

  await t.test('a first lease: its router, server and resolvers are known when ifup returns', async (t) => {
    await server.start({ options: [router, '6,192.168.1.53,9.9.9.9'] })
    await lab.box.run(['ifup', 'eth0'])
    t.same(await leaseOf(lab, 'eth0'), { ...one, dns: ['192.168.1.53', '9.9.9.9'] })
    await tableSays(lab, 'eth0', '192.168.1.1')
    t.equal(await linkTaken(lab), 'eth0')
  })

  await t.test('renewed with another router, first of two, and another resolver', async (t) => {
    await server.offer({ options: ['3,192.168.1.254,192.168.1.1', '6,192.168.1.54'] })
    await leaseSays(lab, 'eth0', { gateway: '192.168.1.254', dns: ['192.168.1.54'] })
    await tableSays(lab, 'eth0', '192.168.1.254')
    t.equal(await linkTaken(lab, { link: 'eth0', gateway: '192.168.1.254' }), 'eth0')
    t.match((await lab.box.run(['ip', 'route', 'show', 'default'])).stdout, 'via 192.168.1.1 ', 'main was left alone')
  })

  await t.test('option 121 with a default route and others, a router outside the link\'s own network', async (t) => {
    const routes = '121,10.8.0.0/16,192.168.1.9,10.9.9.9/32,192.168.1.9,0.0.0.0/0,203.0.113.77'
    await server.offer({ options: [router, routes] })
    await leaseSays(lab, 'eth0', { ...one, gateway: '203.0.113.77' })
    await tableSays(lab, 'eth0', '203.0.113.77')
    t.equal(await linkTaken(lab, { link: 'eth0', gateway: '203.0.113.77' }), 'eth0')
  })

  await t.test('option 121 without a default route, cut short, and names that a shell could misread', async (t) => {
    const evil = '$(touch /run/evil)`touch /run/evil`;touch /run/evil'
    await server.offer({ options: [router, '121,10:0a:08:c0', `15,${evil}`, `17,${evil}`, `119,${evil}`] })
    await leaseSays(lab, 'eth0', { ...one, gateway: '' })
    await tableSays(lab, 'eth0', '192.168.1.1') // main's, from the first lease
    t.not((await lab.box.run(['test', '-e', '/run/evil'], { reject: false })).code, 0)
  })

  await t.test('another address: the lease follows', async (t) => {
    await lab.permit('eth0', '192.168.1.77')
    await server.offer({ address: '192.168.1.77', options: ['3,192.168.1.250'] })
    await leaseSays(lab, 'eth0', { gateway: '192.168.1.250' })
    t.match((await lab.box.run(['ip', '-br', 'address', 'show', 'eth0'])).stdout, '192.168.1.77/24')
    await tableSays(lab, 'eth0', '192.168.1.250')
    t.equal(await linkTaken(lab, { link: 'eth0', gateway: '192.168.1.250' }), 'eth0')
  })

  await t.test('released by ifdown: nothing is left of it', async (t) => {
    await lab.box.run(['ifdown', 'eth0'])
    t.equal(await leaseOf(lab, 'eth0'), undefined)
    await tableSays(lab, 'eth0', undefined)
    await server.heard('DHCPRELEASE')
  })
})

void t.test('dhclient without a server', async (t) => {
  const lab = await leaseLab(t)
  // Short, so that one expires soon; but if this machine is too slow to renew it one may expire at any time, and the
  // next one comes. So what it gives is waited for.
  await stanzas(lab, { timeout: 1, lease: 12, renewal: 2 })
  const isUsed = (): Promise<unknown> =>
    until('eth0 is taken', async () => (await linkTaken(lab).catch(() => undefined)) === 'eth0')
  const server = await dhcpServer(t, lab, 'eth0')

  await t.test('ifup gives up, and a lease that comes later is known without another command', async (t) => {
    await lab.box.run(['ifup', 'eth0'])
    t.equal(await leaseOf(lab, 'eth0'), undefined)
    await server.start()
    await leaseSays(lab, 'eth0', one)
    await tableSays(lab, 'eth0', '192.168.1.1')
    await isUsed()
  })

  await t.test('a lease that expires is gone', async () => {
    await server.stop()
    await leaseGone(lab, 'eth0')
    await tableSays(lab, 'eth0', undefined)
  })

  await t.test('and the next one is known again', async () => {
    await server.start()
    await leaseSays(lab, 'eth0', one)
    await tableSays(lab, 'eth0', '192.168.1.1')
    await isUsed()
  })
})

void t.test('three DHCP links without a metric: main has one default route, each lease its own gateway', async (t) => {
  const lab = await leaseLab(t)
  await stanzas(lab, { timeout: patience, lease: 600, renewal: 300 })
  const resolver = server(53)
  for (const { name, gateway } of links) {
    const more = name === 'eth1' ? [`6,${resolver}`] : []
    await (await dhcpServer(t, lab, name)).start({ options: [`3,${gateway}`, ...more] })
  }
  await lab.box.run(['ifup', ...links.map(({ name }) => name)])
  t.equal((await lab.box.run(['ip', 'route', 'show', 'default'])).stdout.split('\n').length, 1)
  for (const { name, gateway } of links) {
    t.same(await leaseOf(lab, name), { gateway, servers: [gateway], dns: name === 'eth1' ? [resolver] : [] })
    await tableSays(lab, name, gateway)
  }
  const taken = [await linkTaken(lab), await linkTaken(lab), await linkTaken(lab)]
  t.same(taken.sort(), ['eth0', 'eth1', 'rausb0'])

  const questions = { hosts: [resolver], port: ports.who, count: 6 }
  t.same(tally(await (await lab.agent('box')).call('askMany', questions)), { eth1: 6 }, 'its resolver is its own')
})

void t.test('DHCPv6 by ifup: it names resolvers, and nothing is left of them after ifdown', async (t) => {
  const lab = await leaseLab(t)
  await giveIPv6(lab, 'eth0', '2001:db8:1::1/64')
  await lab.box.write('/etc/network/interfaces.d/eth0', 'iface eth0 inet6 dhcp\n')
  const lines = ['dhcp-range=2001:db8:1::2,2001:db8:1::2,64,120', 'enable-ra']
  await (await dhcpServer(t, lab, 'eth0')).start({ options: ['option6:dns-server,[2001:db8:1::53],[fe80::53]'], lines })
  await lab.box.run(['ifup', 'eth0'])
  t.same(await leaseOf(lab, 'eth0', 6), { gateway: '', servers: [], dns: ['2001:db8:1::53'] })
  await lab.box.run(['ifdown', 'eth0'])
  t.equal(await leaseOf(lab, 'eth0', 6), undefined)
})

void t.test('links that dhclient brought up before the first apply have their gateways', async (t) => {
  const lab = await labOf(t, { deb })
  await stanzas(lab, { timeout: patience, lease: 600, renewal: 300 })
  const routes = '121,10.8.0.0/15,172.16.0.9,0.0.0.0/0,172.16.0.254'
  // with a quotation mark and line breaks in it, as dnsmasq.conf writes them
  const rootPath = String.raw`17,"x\";\noption routers 6.6.6.6;\n"`
  await (await dhcpServer(t, lab, 'eth0')).start({ options: [router, '6,192.168.1.53', rootPath] })
  await (await dhcpServer(t, lab, 'eth1')).start({ options: ['3,172.16.0.1', routes] })
  await lab.box.run(['ifup', 'eth0', 'eth1'])
  t.match(await lab.box.read('/var/lib/dhcp/dhclient.eth0.leases'), '6.6.6.6', 'it stands in the file, quoted')
  // of another day, and of an address that the link has not
  await lab.box.write('/var/lib/dhcp/dhclient.rausb0.leases', `lease {
  interface "rausb0";
  fixed-address 192.168.0.77;
  option routers 192.168.0.1;
}
`)
  await lab.box.sh('ip address add 192.168.0.2/24 dev rausb0; ip link set rausb0 up')
  await configure(lab, { withoutGateway: links.map(({ name }) => name) })
  t.same(await leaseOf(lab, 'eth0'), { ...one, dns: ['192.168.1.53'] })
  t.same(await leaseOf(lab, 'eth1'), { gateway: '172.16.0.254', servers: ['172.16.0.1'], dns: [] })
  t.equal(await leaseOf(lab, 'rausb0'), undefined)
  await tableSays(lab, 'eth0', '192.168.1.1')
  await tableSays(lab, 'eth1', '172.16.0.254')
  await tableSays(lab, 'rausb0', undefined)
})
