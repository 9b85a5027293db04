// Leases as Debian 13's dhcpcd gets them from a real dnsmasq, in both families, the interfaces brought up by ifup.
// What dhcpcd's hook makes of odd answers is in hooks.test.ts.

import t from 'tap'
import { dhcpStanzas, giveIPv6, leaseLab, linkTaken, tableSays } from './box.js'
import { leaseGone, leaseOf, leaseSays, type Lease } from './box.js'
import { dhcpServer } from './dhcp-server.js'

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
