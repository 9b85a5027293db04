// dhcpcd where nobody answers: it takes an address of its own choosing (RFC 3927) and a default route without a
// gateway, which lead nowhere. A server that comes later makes it a link.

import t from 'tap'
import { dhcpStanzas, leaseLab, leaseOf, leaseSays, linkTaken, tableSays } from '../leases/box.js'
import { dhcpServer } from '../leases/dhcp-server.js'

t.test('dhcpcd without a server', async (t) => {
  const lab = await leaseLab(t)
  await dhcpStanzas(lab, 'dhcpcd')
  const server = await dhcpServer(t, lab, 'eth0')

  await t.test('an address of its own choosing is no lease', async (t) => {
    await lab.box.run(['ifup', 'eth0'])
    const { stdout } = await lab.box.run(['ip', '-br', 'address', 'show', 'eth0'])
    const [own = 'none'] = /169\.254\.\d+\.\d+/.exec(stdout) ?? []
    // With it the box refuses what the server sends to the address that it is about to give.
    await lab.permit('eth0', own)
    t.match((await lab.box.run(['ip', 'route', 'show', 'default'])).stdout, 'default dev eth0')
    t.equal(await leaseOf(lab, 'eth0'), undefined)
    t.match((await lab.box.run(['cat', '/run/multilink/.out4/eth0'])).stdout, 'it has no IPv4 address')
    await tableSays(lab, 'eth0', undefined)
  })

  await t.test('a lease that comes later is known without another command', async (t) => {
    await server.start()
    await leaseSays(lab, 'eth0', { gateway: '192.168.1.1', servers: ['192.168.1.1'], dns: [] })
    await tableSays(lab, 'eth0', '192.168.1.1')
    t.equal(await linkTaken(lab), 'eth0')
  })
})
