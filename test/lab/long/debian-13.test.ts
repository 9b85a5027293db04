// Debian 13 with its own nftables, iproute2, Node, ifupdown, fping and dhcpcd 10 on the box; the kernel is this
// machine's. Its apt installs the .deb when the lab's template is made.

import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import t from 'tap'
import { installLimit } from '../../limits.js'
import { hook, kernelState } from '../kernel-state.js'
import { balancedLab, linksOf, linkNames, ports, tally } from '../scenario.js'
import { server, server6 } from '../topology.js'
import { until } from '../wait.js'
import { dhcpStanzas, leaseGone, leaseLab, leaseOf, leaseSays, linkTaken, tableSays } from '../leases/box.js'
import { dhcpServer } from '../leases/dhcp-server.js'

const debianRoot = fileURLToPath(new URL('../../debian-root', import.meta.url))
const root = (await execa(debianRoot, ['next'], { timeout: installLimit })).stdout

t.test('Debian 13: links of the how-to', async (t) => {
  const lab = await balancedLab(t, { root, v6: 'static' })
  const { box } = lab
  const agent = await lab.agent('box')
  /** The links that 30 connections in a row take in a family. */
  const taken = async (host: string): Promise<string[]> =>
    linksOf(await agent.call('askMany', { hosts: [host], port: ports.who, count: 30 }))

  await t.test('it is Debian 13, and the package is installed', async (t) => {
    t.match(await box.read('/etc/debian_version'), /^13/)
    const { stdout } = await box.run(['dpkg-query', '-W', '-f', '${db:Status-Status}', 'multilink'])
    t.equal(stdout, 'installed')
  })

  for (const [family, host] of [['IPv4', server(1)], ['IPv6', server6(1)]] as const) {
    await t.test(`nth is exact over three links in ${family}`, async (t) => {
      const names = await taken(host)
      for (let i = 0; i < names.length; i += 3) t.same(names.slice(i, i + 3).sort(), [...linkNames].sort())
    })
  }

  await t.test('a hook without news loads nothing', async (t) => {
    await box.sh('nft monitor >/run/news 2>&1 & echo $! >/run/monitor')
    const heard = (): Promise<string> => box.read('/run/news')
    await until('nft monitor hears', async () => {
      await box.sh('nft add table inet probe; nft delete table inet probe')
      return (await heard()).includes('delete table inet probe')
    })
    for (const name of linkNames) await box.run(hook('up', name, name === 'eth0' ? '192.168.1.1' : undefined))
    await box.run(['multilink', 'apply'])
    await box.sh('nft add table inet last; nft delete table inet last')
    await until('nft monitor has heard the last', async () => (await heard()).includes('delete table inet last'))
    await box.sh('kill $(cat /run/monitor)')
    t.notMatch(await heard(), /inet multilink/)
  })

  await t.test('ifdown takes a link out in both families, and ifup is its reverse', async (t) => {
    const whole = await kernelState(box)
    await box.run(['ifdown', 'eth1'])
    for (const host of [server(2), server6(2)]) {
      t.same(tally((await agent.call('askMany', { hosts: [host], port: ports.who, count: 30 }))),
        { eth0: 15, rausb0: 15 })
    }
    await box.run(['ifup', 'eth1'])
    await until('everything is as it was', async () => (await kernelState(box)) === whole)
  })

  await t.test('status names each link as up', async (t) => {
    const { stdout } = await box.run(['multilink', 'status'])
    for (const name of linkNames) t.match(stdout, new RegExp(`^${name} +v4 +up `, 'm'))
  })

  await t.test('stop leaves nothing, and purge takes the files', async (t) => {
    await box.run(['multilink', 'stop'])
    t.equal((await box.run(['nft', 'list', 'ruleset'])).stdout, '')
    for (const family of ['-4', '-6']) {
      t.notMatch((await box.run(['ip', family, 'rule'])).stdout, /fwmark|proto 157/)
      t.equal((await box.run(['ip', family, 'route', 'show', 'table', 'all', 'proto', '157'])).stdout, '')
    }
    await box.run(['apt-get', 'purge', '-y', 'multilink'], { env: { DEBIAN_FRONTEND: 'noninteractive' } })
    const left = 'find /etc /usr /var/lib /run -path /var/lib/dpkg -prune -o -name "*multilink*" -print'
    t.equal((await box.sh(left)).stdout, '')
  })
})

t.test('Debian 13: dhcpcd 10', async (t) => {
  const lab = await leaseLab(t, root)
  await dhcpStanzas(lab, 'dhcpcd')
  // Not asking around whether an address is taken saves seconds; and there is no udev to ask about interfaces.
  await lab.box.sh('printf "%s\\n" noarp nodev >>/etc/dhcpcd.conf')
  // A link of its own each: one that ifdown has taken down stays out, whatever a client leases for it.
  const ways = [
    ["ifupdown's dhcp method", 'eth0', '192.168.1', ['ifup', 'eth0'], ['ifdown', 'eth0']],
    ['a daemon of its own', 'eth1', '172.16.0', ['dhcpcd', '--waitip', '4', 'eth1'], ['dhcpcd', '--release', 'eth1']],
  ] as const
  for (const [way, link, network, start, end] of ways) {
    await t.test(way, async (t) => {
      const server = await dhcpServer(t, lab, link)
      const [router, other] = [`${network}.1`, `${network}.254`]
      const lease = { gateway: router, servers: [router], dns: ['9.9.9.9'] }
      t.match((await lab.box.run(['dhcpcd', '--version'])).stdout, /^dhcpcd 10\./)
      await server.start({ options: [`3,${router}`, '6,9.9.9.9'] })
      await lab.box.run(start)
      await leaseSays(lab, link, lease)
      await tableSays(lab, link, router)
      t.equal(await linkTaken(lab), link)

      await server.offer({ options: [`3,${other}`, '6,9.9.9.9'] })
      await leaseSays(lab, link, { ...lease, gateway: other }, { meanwhile: ['dhcpcd', '--renew', link] })
      await tableSays(lab, link, other)
      t.equal(await linkTaken(lab, { link, gateway: other }), link)

      await lab.box.run(end)
      await leaseGone(lab, link)
      await tableSays(lab, link, undefined)
      await server.heard('DHCPRELEASE')
      await server.stop()
      t.equal(await leaseOf(lab, link), undefined)
    })
  }
})
