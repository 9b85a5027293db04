// Leases as Debian 13's dhcpcd gets them from a real dnsmasq, in both families, the interfaces brought up by ifup.
// What dhcpcd's hook makes of odd answers is in hooks.test.ts.

import t from 'tap'
import { dhcpStanzas, giveIPv6, leaseLab, linkTaken, tableSays } from './box.js'
import { leaseGone, leaseOf, leaseSays, type Lease } from './box.js'
import { dhcpServer } from './dhcp-server.js'
import { configure, deb, labOf } from '../scenario.js'
import { links } from '../topology.js'
import { until } from '../wait.js'

const one = { gateway: '192.168.1.1', servers: ['192.168.1.1'], dns: [] }
const router = '3,192.168.1.1'
/** Not asking around whether an address is taken saves seconds; it also turns IPv4LL off. */
const quick = 'echo noarp >>/etc/dhcpcd.conf'

t.test('dhcpcd on one link', async (t) => {
  const lab = await leaseLab(t)
  await dhcpStanzas(lab, 'dhcpcd')
  await lab.box.sh(quick)
  await giveIPv6(lab, 'eth0', '2001:db8:1::1/64')
  const server = await dhcpServer(t, lab, 'eth0')

  /** Has dhcpcd ask its server, or all of them, until it has what is wanted: while its hook runs it does not hear. */
  const ask = (how: '--renew' | '--rebind', wanted: Partial<Lease>): Promise<Lease> =>
    leaseSays(lab, 'eth0', wanted, { meanwhile: ['dhcpcd', how, 'eth0'] })

  await t.test('a first lease, and resolvers of DHCPv6 and of a router', async () => {
    const options = [router, '6,192.168.1.53,9.9.9.9', 'option6:dns-server,[2001:db8:1::53]']
    await server.start({ options, lines: ['dhcp-range=2001:db8:1::2,2001:db8:1::2,64,120', 'enable-ra'] })
    await lab.box.run(['ifup', 'eth0'])
    await leaseSays(lab, 'eth0', { ...one, dns: ['192.168.1.53', '9.9.9.9'] })
    await tableSays(lab, 'eth0', '192.168.1.1')
    await leaseSays(lab, 'eth0', { gateway: '', servers: [], dns: ['2001:db8:1::53'] }, { family: 6 })
  })

  await t.test('renewed with another router', async (t) => {
    await server.offer({ options: ['3,192.168.1.254,192.168.1.1'] })
    await ask('--renew', { ...one, gateway: '192.168.1.254' })
    await tableSays(lab, 'eth0', '192.168.1.254')
    t.equal(await linkTaken(lab, { link: 'eth0', gateway: '192.168.1.254' }), 'eth0')
  })

  await t.test('option 121: with a default route outside the link\'s own network, and without one', async (t) => {
    await server.offer({ options: [router, '121,10.8.0.0/16,192.168.1.9,0.0.0.0/0,203.0.113.77'] })
    await ask('--renew', { ...one, gateway: '203.0.113.77' })
    await tableSays(lab, 'eth0', '203.0.113.77')
    t.equal(await linkTaken(lab, { link: 'eth0', gateway: '203.0.113.77' }), 'eth0')
    await server.offer({ options: [router, '121,10.8.0.0/16,192.168.1.9'] })
    await ask('--renew', { ...one, gateway: '' })
    await tableSays(lab, 'eth0', undefined) // dhcpcd took main's default route away too
  })

  await t.test('another address: the lease follows', async () => {
    await lab.permit('eth0', '192.168.1.77')
    await server.offer({ address: '192.168.1.77', options: ['3,192.168.1.250'] })
    await ask('--rebind', { gateway: '192.168.1.250' })
  })

  await t.test('without carrier there is no lease, and with it there is one again', async (t) => {
    await lab.run('gw-eth0', ['ip', 'link', 'set', 'box', 'down'])
    await leaseGone(lab, 'eth0')
    await leaseGone(lab, 'eth0', 6)
    await tableSays(lab, 'eth0', undefined)
    await lab.run('gw-eth0', ['ip', 'link', 'set', 'box', 'up'])
    await leaseSays(lab, 'eth0', { gateway: '192.168.1.250' })
    await tableSays(lab, 'eth0', '192.168.1.250')
    t.equal(await leaseOf(lab, 'eth0', 6), undefined, 'what the router advertised before is not held to be true')
  })

  await t.test('released by ifdown: nothing is left of it', async (t) => {
    await lab.box.run(['ifdown', 'eth0'])
    t.equal(await leaseOf(lab, 'eth0'), undefined)
    await server.heard('DHCPRELEASE')
  })
})

t.test('links that dhcpcd brought up before the first apply have their gateways and resolvers', async (t) => {
  const lab = await labOf(t, { deb })
  await dhcpStanzas(lab, 'dhcpcd')
  await lab.box.sh(quick)
  await giveIPv6(lab, 'eth0', '2001:db8:1::1/64')
  // with a quotation mark and line breaks in it, as dnsmasq.conf writes them
  const rootPath = String.raw`17,"x\";\nrouters=6.6.6.6\n\nlease 4 eth1\n"`
  await (await dhcpServer(t, lab, 'eth0')).start({
    options: [router, '6,192.168.1.53', rootPath, 'option6:dns-server,[2001:db8:1::53]'],
    lines: ['dhcp-range=2001:db8:1::2,2001:db8:1::2,64,120', 'enable-ra'],
  })
  const routes = '121,10.8.0.0/15,172.16.0.9,0.0.0.0/0,172.16.0.254'
  await (await dhcpServer(t, lab, 'eth1')).start({ options: ['3,172.16.0.1', routes] })
  await (await dhcpServer(t, lab, 'rausb0')).start()
  await lab.box.run(['ifup', 'eth0', 'eth1', 'rausb0'])
  for (const file of ['eth0.lease', 'eth0.lease6', 'eth1.lease', 'rausb0.lease']) {
    const isThere = async (): Promise<boolean> =>
      (await lab.box.run(['test', '-s', `/var/lib/dhcpcd/${file}`], { reject: false })).code === 0
    await until(`dhcpcd has written ${file}`, isThere)
  }
  const addresses = async (): Promise<string> =>
    (await lab.box.run(['ip', '-br', 'address', 'show', 'dev', 'eth0', '-tentative'])).stdout
  await until('eth0 has its addresses', async () => / 192\.168\.1\.2\/.* 2001:db8:1::2\//.test(await addresses()))
  t.match(await lab.box.read('/var/lib/dhcpcd/eth0.lease'), '\nrouters=6.6.6.6\n', 'it stands in the file as it is')
  // eth1's goes on; rausb0 has another address than it was leased
  await lab.box.sh(`for link in eth0 rausb0; do
      kill "$(cat /run/dhcpcd/$link.pid)"
      while [ -e /run/dhcpcd/$link.pid ]; do sleep 0.02; done
    done
    ip address flush dev rausb0; ip address add 192.168.0.77/24 dev rausb0`)
  await configure(lab, { withoutGateway: links.map(({ name }) => name) })
  t.same(await leaseOf(lab, 'eth0'), { ...one, dns: ['192.168.1.53'] })
  t.same(await leaseOf(lab, 'eth0', 6), { gateway: '', servers: [], dns: ['2001:db8:1::53'] })
  t.same(await leaseOf(lab, 'eth1'), { gateway: '172.16.0.254', servers: ['172.16.0.1'], dns: [] })
  t.equal(await leaseOf(lab, 'rausb0'), undefined)
  await tableSays(lab, 'eth0', '192.168.1.1')
  await tableSays(lab, 'eth1', '172.16.0.254')
  await tableSays(lab, 'rausb0', undefined)
})
