// Leases as busybox's udhcpc gets them from a real dnsmasq: with multilink's script, and with Debian's own, which runs
// no hooks.

import t from 'tap'
import { dhcpStanzas, leaseLab, linkTaken, tableSays } from './box.js'
import { leaseGone, leaseOf, leaseSays } from './box.js'
import { dhcpServer } from './dhcp-server.js'
import { links } from '../topology.js'

const one = { gateway: '192.168.1.1', servers: ['192.168.1.1'], dns: [] }
const pid = (link: string): string => `/run/udhcpc.${link}.pid`

t.test('udhcpc with multilink\'s script', async (t) => {
  const lab = await leaseLab(t)
  const server = await dhcpServer(t, lab, 'eth0')
  const start = 'udhcpc -b -t 1 -T 1 -A 1 -O staticroutes -s /usr/lib/multilink/udhcpc'

  await t.test('nobody answers at first; a lease that comes later is known', async (t) => {
    await lab.box.sh(`${start} -i eth0 -p ${pid('eth0')} >/dev/null 2>&1`)
    t.equal(await leaseOf(lab, 'eth0'), undefined)
    await server.start({ options: ['3,192.168.1.1', '6,9.9.9.9'] })
    await leaseSays(lab, 'eth0', { ...one, dns: ['9.9.9.9'] })
    await tableSays(lab, 'eth0', '192.168.1.1')
    t.equal(await linkTaken(lab), 'eth0')
  })

  await t.test('renewed with another router, then with option 121', async (t) => {
    await server.offer({ options: ['3,192.168.1.254'] })
    await lab.box.sh(`kill -USR1 $(cat ${pid('eth0')})`)
    await leaseSays(lab, 'eth0', { ...one, gateway: '192.168.1.254' })
    await tableSays(lab, 'eth0', '192.168.1.254')
    t.equal(await linkTaken(lab, { link: 'eth0', gateway: '192.168.1.254' }), 'eth0')
    await server.offer({ options: ['3,192.168.1.1', '121,10.8.0.0/16,192.168.1.9,0.0.0.0/0,192.168.1.253'] })
    await lab.box.sh(`kill -USR1 $(cat ${pid('eth0')})`)
    await leaseSays(lab, 'eth0', { ...one, gateway: '192.168.1.253' })
  })

  await t.test('a second link: main has one default route, each lease its own gateway', async (t) => {
    await (await dhcpServer(t, lab, 'eth1')).start()
    await lab.box.sh(`${start} -i eth1 -p ${pid('eth1')} >/dev/null 2>&1`)
    await leaseSays(lab, 'eth1', { gateway: '172.16.0.1' })
    await tableSays(lab, 'eth1', '172.16.0.1')
    t.equal((await lab.box.run(['ip', 'route', 'show', 'default'])).stdout.split('\n').length, 1)
  })

  await t.test('released', async (t) => {
    await lab.box.sh(`kill -USR2 $(cat ${pid('eth0')})`)
    await leaseGone(lab, 'eth0')
    await tableSays(lab, 'eth0', undefined)
    t.equal(await linkTaken(lab), 'eth1')
    await server.heard('DHCPRELEASE')
  })
})

t.test('udhcpc as ifup runs it, with Debian\'s script: the gateway is that of the kernel\'s route', async (t) => {
  const lab = await leaseLab(t)
  await dhcpStanzas(lab, 'udhcpc')
  const [{ name, gateway }] = links as [(typeof links)[0]]
  await (await dhcpServer(t, lab, name)).start()
  await lab.box.run(['ifup', name])
  t.equal(await leaseOf(lab, name), undefined)
  await tableSays(lab, name, gateway)
  t.equal(await linkTaken(lab), name)
})
