// What is pinned to a link that is lost: ended, reset or moved at once, and nothing on the other links. A link is lost
// here by ifdown, by a gateway that is known to be dead while the interface stays up, and by an apply that leaves it
// out.

import t, { type Test } from 'tap'
import { balancedLab, changed, checksFail, checksPass, echoWaiting, lastOf, ports } from './scenario.js'
import type { Agent } from './agent-client.js'
import type { Lab } from './network.js'
import { lan, links, linkSeenAs, server, server6 } from './topology.js'
import type { FlowState, WaitingState } from './traffic/stranded.js'
import { until } from './wait.js'

/** What makes a link heed the prober's word, which the test gives. */
const every = 'check = "gateway"\n'

const service = 8080
const poured = 7100
const to = { host: server(1), port: ports.echo }
const question = { host: server(1), port: ports.who }

/** Ways of losing a link, and back. */
const losses = {
  ifdown: {
    lose: (name: string) => `ifdown ${name}`,
    back: (name: string) => `ifup ${name}`,
  },
  'a failed check': {
    lose: (name: string) => `${checksFail(name)}; ${changed}`,
    back: (name: string) => `${checksPass(name)}; ${changed}`,
  },
  'an apply without it': {
    lose: (name: string) => `cp /etc/multilink.conf /root/whole.conf
      awk '/^\\[/ { skip = $0 == "[link.${name}]" } !skip' /root/whole.conf >/etc/multilink.conf
      multilink apply`,
    back: () => 'cp /root/whole.conf /etc/multilink.conf; multilink apply',
  },
} as const

const linkOf = ({ seenAs }: { seenAs?: string }): string | undefined => seenAs && linkSeenAs(seenAs)

/** Those that go over one link, and the others. */
function split<T extends { seenAs?: string }>(all: readonly T[], name: string): [T[], T[]] {
  return [all.filter((one) => linkOf(one) === name), all.filter((one) => linkOf(one) !== name)]
}

async function flowsSettled(agent: Agent, lost: string): Promise<FlowState[]> {
  await until(`no flow is on ${lost}`, async () => {
    const states = await agent.call('flowStates')
    return states.every((state) => ['eth0', 'eth1', 'rausb0'].some((name) => name !== lost && lastOf(state) === name))
  })
  return agent.call('flowStates')
}

async function checkConnections(t: Test, lab: Lab, name: string, how: keyof typeof losses): Promise<void> {
  const box = await lab.agent('box')
  const host = await lab.agent('lan')
  const internet = await lab.agent('internet')
  await box.call('openWaiting', { ...to, count: 6 })
  // An IPv6 socket's IPv4 connection, as Java and Go make them.
  await box.call('openWaiting', { ...to, host: `::ffff:${to.host}`, count: 6 })
  await host.call('openWaiting', { ...to, count: 6 })
  for (const { publicAddress } of links) {
    await internet.call('openWaiting', { host: publicAddress, port: service, count: 2, localAddress: server(9) })
  }
  const incoming = (await box.call('waitingStates')).length - 12
  t.equal(incoming, 6, 'two connections came in over each link')

  await lab.box.sh(losses[how].lose(name))
  const local = await box.call('waitingStates')
  const [stranded, others] = split(local.slice(0, 12), name)
  t.equal(stranded.length, 4, `a third of this machine's connections is on ${name}`)
  await until('they have ended', async () =>
    split((await box.call('waitingStates')).slice(0, 12), name)[0].every(({ error }) => error !== undefined),
  )
  const states = await box.call('waitingStates')
  t.same(errorsOf(split(states.slice(0, 12), name)[0]), ['ECONNABORTED'], 'their programs know at once')
  t.same(errorsOf(split(states.slice(0, 12), name)[1]), [], 'none of the others has noticed')
  t.equal(others.length, 8)
  await until('those that came in over it have ended', async () =>
    (await box.call('waitingStates')).slice(12).filter(({ error }) => error !== undefined).length >= 2)
  const came = (await box.call('waitingStates')).slice(12)
  t.equal(came.filter(({ error }) => error !== undefined).length, 2, 'and none that came in over another link')
  const { stdout: listening } = await lab.run('box', ['ss', '-Hltn', `sport = ${service}`])
  t.equal(listening.split('\n').length, 1, 'who listens stays')

  t.same(errorsOf(await host.call('waitingStates')), [], 'a LAN host that only receives cannot be told')
  await host.call('writeWaiting')
  await until('LAN hosts have their reset', async () =>
    split(await host.call('waitingStates'), name)[0].every(({ error }) => error !== undefined),
  )
  const forwarded = await host.call('waitingStates')
  t.same(errorsOf(split(forwarded, name)[0]), ['ECONNRESET'], 'it has its reset when it next sends')
  t.same(errorsOf(split(forwarded, name)[1]), [], 'and only what was on the link')

  for (const agent of [box, host, internet]) await agent.call('closeWaiting')
  await lab.box.sh(losses[how].back(name))
}

function errorsOf(states: readonly WaitingState[]): string[] {
  return [...new Set(states.flatMap(({ error }) => error ?? []))]
}

t.test('a link is lost', async (t) => {
  const lab = await balancedLab(t, { every })
  const box = await lab.agent('box')
  const host = await lab.agent('lan')
  const internet = await lab.agent('internet')
  await box.call('acceptWaiting', { port: service })
  for (const { name } of links) await lab.publish(name, 'tcp', service)

  for (const [name, how] of [
    ['eth1', 'ifdown'],
    ['eth0', 'a failed check'],
    ['rausb0', 'an apply without it'],
  ] as const) {
    await t.test(`${name}, by ${how}: TCP`, (t) => checkConnections(t, lab, name, how))
  }

  for (const [name, how, connected] of [
    ['eth1', 'ifdown', false],
    ['eth1', 'ifdown', true],
    ['eth0', 'a failed check', false],
    ['eth0', 'a failed check', true],
  ] as const) {
    await t.test(`${name}, by ${how}: ${connected ? 'connected' : 'unconnected'} UDP`, async (t) => {
      for (const agent of [box, host]) {
        await agent.call('startFlows', { ...question, count: 6, connected })
        await until('every flow is answered', async () =>
          (await agent.call('flowStates')).every(({ changes }) => changes.length > 0),
        )
      }
      await lab.box.sh(losses[how].lose(name))
      for (const agent of [box, host]) {
        const states = await flowsSettled(agent, name)
        const untouched = states.filter(({ changes }) => linkOf(changes[0] ?? {}) !== name)
        t.equal(untouched.length, 4)
        t.ok(
          untouched.every(({ changes }) => changes.length === 1),
          'no flow on another link has noticed',
        )
      }
      for (const agent of [box, host]) await agent.call('stopFlows')
      await lab.box.sh(losses[how].back(name))
    })
  }

  await t.test('a flow whose far end does not stop sending moves too', async () => {
    await internet.call('pourUdp', { host: server(3), port: poured })
    for (const agent of [box, host]) {
      await agent.call('startFlows', { host: server(3), port: poured, count: 12, every: 200 })
      await until('every flow is answered', async () =>
        (await agent.call('flowStates')).every(({ changes }) => changes.length > 0),
      )
    }
    await lab.box.sh(losses['a failed check'].lose('eth0'))
    for (const agent of [box, host]) await flowsSettled(agent, 'eth0')
    for (const agent of [box, host]) await agent.call('stopFlows')
    await lab.box.sh(losses['a failed check'].back('eth0'))
  })

  await t.test('every protocol but TCP starts anew', async (t) => {
    // 253 is for experiments (RFC 3692).
    const entries = `for protocol in udp icmp 253; do
        conntrack -I -p $protocol -s 10.1.1.2 -d ${server(4)} -r ${server(4)} -q 172.16.0.2 -t 60 -m 0x02000000 \\
          $(case $protocol in
            udp) echo --sport 5000 --dport 53 --reply-port-src 53 --reply-port-dst 5000 ;;
            icmp) echo --icmp-type 8 --icmp-code 0 --icmp-id 1 ;;
          esac)
      done
      conntrack -I -p tcp -s 10.1.1.2 -d ${server(4)} --sport 5000 --dport 80 --state ESTABLISHED -t 60 -m 0x02000000`
    const count = async (selection: string): Promise<number> => {
      const { stdout } = await lab.box.sh(`conntrack -L -d ${server(4)} ${selection} 2>/dev/null`)
      return stdout.split('\n').filter(Boolean).length
    }
    await lab.box.sh(entries)
    t.equal(await count(''), 4)
    await lab.box.sh(losses.ifdown.lose('eth1'))
    t.equal(await count(''), 1)
    t.equal(await count('-p tcp'), 1, 'TCP entries stay: a stream is not picked up in its middle')
    await lab.box.sh(losses.ifdown.back('eth1'))
  })
})

t.test('what slips in while a link is lost is swept up a second later', async (t) => {
  const lab = await balancedLab(t)
  const { box } = lab
  const { lose, back } = losses.ifdown
  // The test says when the second is over.
  await box.write('/usr/local/sbin/sleep', `#!/bin/sh
    [ "$1" = 1 ] || exec /bin/sleep "$@"
    echo "$PPID" >/run/sweeper
    read -r _ </run/second`, '0755')
  const startSecond = (): Promise<unknown> => box.sh('rm -f /run/second /run/sweeper; mkfifo /run/second')
  const endSecond = async (): Promise<void> => {
    const waits = 'test -s /run/sweeper'
    await until('a sweeper waits', async () => (await box.sh(waits, { reject: false })).code === 0)
    await box.sh('echo >/run/second')
    const isThere = 'kill -0 "$(cat /run/sweeper)"'
    await until('the sweep has ended', async () => (await box.sh(isThere, { reject: false })).code !== 0)
  }
  const slipIn = (host: string): Promise<unknown> =>
    box.sh(`conntrack -I -p udp -s 10.1.1.2 -d ${host} --sport 5000 --dport 53 -t 600 -m 0x02000000`)
  const tracked = async (host: string): Promise<string> => (await box.sh(`conntrack -L -d ${host} 2>/dev/null`)).stdout

  await t.test('and the lock is free meanwhile', async (t) => {
    await startSecond()
    await box.sh(lose('eth1'))
    await box.run(['flock', '--nonblock', '/run/multilink/.lock', 'true'])
    await slipIn(server(5))
    t.match(await tracked(server(5)), /udp/)
    await endSecond()
    t.equal(await tracked(server(5)), '')
    await box.sh(back('eth1'))
  })

  await t.test('but not if the link is back within the second', async (t) => {
    await startSecond()
    await box.sh(`${lose('eth1')}; ${back('eth1')}`)
    await slipIn(server(6))
    await endSecond()
    t.match(await tracked(server(6)), /udp/)
  })
})

t.test('a link is lost for IPv6 only', async (t) => {
  const lab = await balancedLab(t, { every, v6: 'static' })
  const box = await lab.agent('box')
  const host = await lab.agent('lan')
  for (const agent of [box, host]) {
    for (const far of [server6(1), to.host]) {
      await agent.call('openWaiting', { ...to, host: far, count: 6 })
      await agent.call('startFlows', { ...question, host: far, count: 6, connected: agent === box })
    }
    await until('every flow is answered', async () =>
      (await agent.call('flowStates')).every(({ changes }) => changes.length > 0),
    )
  }
  await lab.box.sh(`${checksFail('eth1', 6)}; ${changed}`)

  const waiting = async (agent: Agent): Promise<[WaitingState[], WaitingState[]]> => {
    const states = await agent.call('waitingStates')
    return [states.slice(0, 6), states.slice(6)]
  }
  for (const [agent, error] of [
    [box, 'ECONNABORTED'],
    [host, 'ECONNRESET'],
  ] as const) {
    if (agent === host) await host.call('writeWaiting')
    await until('they have ended', async () => split((await waiting(agent))[0], 'eth1')[0].every(({ error }) => error))
    const [six, four] = await waiting(agent)
    t.equal(split(six, 'eth1')[0].length, 2)
    t.same(errorsOf(split(six, 'eth1')[0]), [error])
    t.same(errorsOf(split(six, 'eth1')[1]), [], 'connections over other links have not noticed')
    t.same(errorsOf(four), [], 'nor have those of IPv4 over this one')
  }
  for (const agent of [box, host]) {
    const flows = async (): Promise<FlowState[]> => (await agent.call('flowStates')).slice(0, 6)
    await until('no IPv6 flow is on eth1', async () =>
      (await flows()).every((state) => ['eth0', 'rausb0'].some((name) => lastOf(state) === name)),
    )
    t.equal((await flows()).filter(({ changes }) => changes.length > 1).length, 2, 'two flows have moved')
    const others = (await agent.call('flowStates')).slice(6)
    t.ok(others.every(({ changes }) => changes.length === 1), 'none of IPv4 has')
  }
})

t.test('nothing else is usable: what is pinned stays, until something is', async (t) => {
  const lab = await balancedLab(t, { every, up: ['eth1', lan.device] })
  const box = await lab.agent('box')
  const { lose, back } = losses['a failed check']
  await box.call('openWaiting', { ...to, count: 2 })
  await lab.box.sh(lose('eth1'))
  await lab.box.sh(back('eth1'))
  await echoWaiting(box)
  t.same(errorsOf(await box.call('waitingStates')), [], 'a short outage costs nothing')
  await lab.box.sh(lose('eth1'))
  t.same(errorsOf(await box.call('waitingStates')), [])
  await lab.box.run(['ifup', 'eth0'])
  await until('they have ended', async () => (await box.call('waitingStates')).every(({ error }) => error))
  t.same(errorsOf(await box.call('waitingStates')), ['ECONNABORTED'], 'another link is usable now')
})

t.test('on_loss = "keep": nothing is let go of', async (t) => {
  const lab = await balancedLab(t, { every, more: 'on_loss = "keep"' })
  const box = await lab.agent('box')
  const { lose, back } = losses['a failed check']
  await box.call('openWaiting', { ...to, count: 6 })
  await lab.box.sh(lose('rausb0'))
  const { stdout } = await lab.box.sh('conntrack -L -m 0x03000000/0xff000000 2>/dev/null')
  t.equal(stdout.split('\n').length, 2)
  await lab.box.sh(back('rausb0'))
  await echoWaiting(box)
  t.same(errorsOf(await box.call('waitingStates')), [])
})
