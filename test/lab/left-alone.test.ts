// What multilink leaves alone: packets that carry another program's mark, a VPN's devices and routes,
// containers, static routes. None of it takes a turn of the balance, before or after multilink came.

import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { Lab } from './network.js'
import { fullTunnel, mesh, plugIn, tailscale, wgQuick } from './neighbours.js'
import { balancedLab, configure, labOf, deb, linkNames, linksOf, ports } from './scenario.js'
import { lan, links, server } from './topology.js'
import { until } from './wait.js'

const markedConnect = fileURLToPath(new URL('marked-connect.py', import.meta.url))

/** Balanced connections with something else between them: every three in a row still use three links. */
async function takesNoTurn(t: Test, lab: Lab, what: string, other: () => Promise<unknown>): Promise<void> {
  const agent = await lab.agent('box')
  const names: string[] = []
  for (let i = 0; i < 9; i++) {
    names.push(...linksOf([await agent.call('ask', { host: server(1), port: ports.who })]))
    await other()
  }
  const windows = names.slice(2).map((_, i) => new Set(names.slice(i, i + 3)).size)
  t.same(new Set(windows), new Set([3]), `${what} takes no turn`)
}

async function seenAs(lab: Lab, host: string, place: 'box' | 'lan' = 'box'): Promise<string | undefined> {
  const answer = await (await lab.agent(place)).call('ask', { host, port: ports.who })
  return answer.seenAs ?? answer.error
}

const sh = (lab: Lab, commands: readonly string[]): Promise<unknown> =>
  lab.box.sh(['set -e', ...commands].join('\n'))

t.test("packets with another program's mark", async (t) => {
  const lab = await balancedLab(t)
  for (const mark of ['51820', '0x80000']) {
    await lab.box.run(['nft', '-f', '-'], {
      input: `
      table inet watch
      delete table inet watch
      table inet watch {
        counter exact { }
        counter pinned { }
        chain leaving {
          type filter hook postrouting priority 300
          tcp dport 7777 meta mark ${mark} counter name exact
          tcp dport 7777 ct mark != 0 counter name pinned
        }
        chain forwarded {
          type filter hook prerouting priority mangle
          iifname "${lan.device}" tcp dport 7777 meta mark set ${mark}
        }
      }`,
    })
    const internet = await lab.agent('internet')
    await internet.call('who', { port: 7777 }).catch(() => undefined)
    const seen = new Set<string>()
    const connect = async (): Promise<void> => {
      const program = ['/usr/bin/python3', markedConnect, mark, server(1), '7777']
      seen.add((await lab.run('box', program)).stdout)
    }
    await takesNoTurn(t, lab, `a socket marked ${mark}`, connect)
    t.same([...seen], [links[0]?.publicAddress], 'it leaves by the default route every time')
    await takesNoTurn(t, lab, `a forwarded packet marked ${mark}`, async () => {
      const answer = await (await lab.agent('lan')).call('ask', { host: server(1), port: 7777 })
      seen.add(answer.seenAs ?? answer.error ?? '')
    })
    t.same([...seen], [links[0]?.publicAddress], 'and so does a forwarded one')
    const { stdout } = await lab.box.run(['nft', 'list', 'counters', 'table', 'inet', 'watch'])
    const counted = [...stdout.matchAll(/counter (\w+) \{\s*packets (\d+)/g)].map((match) => [
      match[1],
      Number(match[2]),
    ])
    const counters = Object.fromEntries(counted) as Record<string, number>
    t.ok((counters.exact ?? 0) > 50, `${counters.exact} packets left with exactly that mark`)
    t.equal(counters.pinned, 0, 'their connections have no mark')
  }
})

for (const order of ['before', 'after'] as const) {
  t.test(`a VPN that came ${order} multilink`, async (t) => {
    const lab = await labOf(t, { deb })
    const vpn = async (): Promise<void> => {
      await plugIn(lab, fullTunnel)
      await plugIn(lab, mesh)
      await sh(lab, tailscale.up)
    }
    if (order === 'before') {
      await lab.box.run(['ifup', ...linkNames, lan.device])
      await vpn()
      await sh(lab, wgQuick.up)
      await configure(lab, {})
    } else {
      await configure(lab, {})
      await lab.box.run(['ifup', ...linkNames, lan.device])
      await vpn()
      await sh(lab, wgQuick.up)
    }

    t.equal(
      await seenAs(lab, server(1)),
      fullTunnel.address,
      "a full tunnel takes this machine's connections",
    )
    t.equal(await seenAs(lab, server(1), 'lan'), lan.hostAddress, 'and forwarded ones')
    t.equal(await seenAs(lab, '100.100.1.1'), mesh.address, 'a mesh keeps its own network')
    const ownPackets = ['/usr/bin/python3', markedConnect, '51820', server(1), String(ports.who)]
    const { stdout } = await lab.run('box', ownPackets)
    t.equal(stdout, links[0]?.publicAddress, "the tunnel's own packets leave by the default route")

    await sh(lab, wgQuick.down)
    const agent = await lab.agent('box')
    const names = linksOf(await agent.call('askMany', { hosts: [server(1)], port: ports.who, count: 6 }))
    t.equal(new Set(names).size, 3, 'once the tunnel is gone connections are balanced')
    await takesNoTurn(t, lab, 'the mesh', () => seenAs(lab, '100.100.1.1'))
    await takesNoTurn(t, lab, 'the tunnel, up or down,', async () => {
      await sh(lab, wgQuick.upFirst)
      t.equal(await seenAs(lab, server(1)), fullTunnel.address)
      await sh(lab, wgQuick.down)
    })

    await agent.call('openStreams', { host: server(1), port: ports.echo, count: 3 })
    await sh(lab, wgQuick.up)
    t.equal(await seenAs(lab, server(1)), fullTunnel.address)
    const intact = async (): Promise<number> =>
      Math.min(...(await agent.call('streamStates')).map((state) => state.intact))
    const before = await intact()
    await until('the streams go on', async () => (await intact()) > before + 10_000)
    for (const { error, seenAs: address } of await agent.call('closeStreams')) {
      t.equal(error, undefined, `a connection stays on its link (${address}) when a tunnel comes up`)
    }
  })
}

t.test('a container network with its own masquerade', async (t) => {
  const lab = await balancedLab(t)
  const network = {
    device: 'cni0',
    address: '10.88.0.1',
    peer: '10.88.0.2',
    length: 16,
    serves: '192.0.2.0/24',
  }
  const container = await plugIn(lab, network)
  await lab.box.run(['nft', '-f', '-'], {
    input: `
    table inet netavark {
      chain published {
        type nat hook prerouting priority dstnat
        fib daddr type local tcp dport 9090 dnat ip to 10.88.0.2:${ports.who}
      }
      chain published_here {
        type nat hook output priority -100
        fib daddr type local tcp dport 9090 dnat ip to 10.88.0.2:${ports.who}
      }
      chain leaving {
        type nat hook postrouting priority srcnat
        ip saddr 10.88.0.0/16 ip daddr != 10.88.0.0/16 masquerade
      }
    }`,
  })
  const agent = await lab.agent(container)
  const names = linksOf(await agent.call('askMany', { hosts: [server(1)], port: ports.who, count: 9 }))
  t.equal(new Set(names).size, 3, "a container's connections are balanced, with the links' addresses")
  t.equal(await seenAs(lab, '10.88.0.2'), '10.88.0.1', 'this machine reaches the container directly')
  await takesNoTurn(t, lab, 'reaching a container', () => seenAs(lab, '10.88.0.2'))
  const box = await lab.agent('box')
  await takesNoTurn(t, lab, 'reaching its published port', async () => {
    const { error } = await box.call('ask', { host: lan.boxAddress, port: 9090 })
    t.equal(error, undefined, 'which answers')
  })
  const internet = await lab.agent('internet')
  for (const { name, publicAddress } of links) {
    await lab.publish(name, 'tcp', 9090)
    const ask = { host: publicAddress, port: 9090, localAddress: server(9) }
    t.equal(
      (await internet.call('ask', ask)).seenAs,
      server(9),
      `its published port is answered over ${name}`,
    )
  }
})

t.test('a static route in main', async (t) => {
  const lab = await balancedLab(t)
  await lab.box.run(['ip', 'route', 'add', server(77), 'via', '172.16.0.1'])
  for (const place of ['box', 'lan'] as const) {
    const agent = await lab.agent(place)
    const answers = await agent.call('askMany', { hosts: [server(77)], port: ports.who, count: 12 })
    t.same(new Set(linksOf(answers)), new Set(['eth1']), `always wins (${place})`)
  }
  await takesNoTurn(t, lab, 'it', () => seenAs(lab, server(77)))
})
