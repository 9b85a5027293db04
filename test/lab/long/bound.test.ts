// Sockets bound to a link's device or address leave by that link, whatever the method would say; when it is
// out they fail at once. Programs: curl for TCP, socat for UDP, ping. A TCP socket bound to the address of
// the kernel's first choice (eth0) cannot be told from an unbound one, so eth0 is bound to by device only.

import t, { type Test } from 'tap'
import { silence, waitLimit } from '../../limits.js'
import { balancedLab, configure, linkNames, ports } from '../scenario.js'
import type { Lab } from '../network.js'
import type { RunResult } from '../namespaces.js'
import { answerLength } from '../traffic/answers.js'
import { links, linkSeenAs, server, server6 } from '../topology.js'

const times = 4
/** in seconds */
const patience = String(waitLimit / 1000)
/** What the kernel says of a link that is out, before it sends anything; who waits in vain prints none of it. */
const refusal = /Network is unreachable|Cannot assign requested address|Operation not permitted/
/** curl's exit status when it could not connect, and when it could not bind; a time that is over is 28 */
const curlRefused = [7, 45]

type Ask = (lab: Lab, bound: string, host?: string) => Promise<RunResult>

const curl: Ask = (lab, bound, host = server(1)) => {
  const url = `http://${host}:${ports.http}/who`
  return lab.box.run(['curl', '--silent', '--show-error', '--max-time', patience, '--interface', bound, url], {
    reject: false,
  })
}

const udp: Ask = (lab, bound) => {
  const option = linkNames.includes(bound) ? `so-bindtodevice=${bound}` : `bind=${bound}`
  // The server's answers are all of this length, which is how socat knows that it has the whole one.
  const to = `UDP4:${server(1)}:${ports.who},${option},readbytes=${answerLength}`
  return lab.run('box', ['socat', '-', to], { input: 'who\n', reject: false })
}

/** `wait`: for the answer, in milliseconds. */
const ping = (lab: Lab, bound: string, wait = waitLimit): Promise<RunResult> =>
  lab.box.run(['ping', '-W', String(wait / 1000), '-c1', '-I', bound, server(1)], { reject: false })

/** Each link's device, and the addresses of those that are not the kernel's first choice. */
function bindings(): { bound: string; name: string }[] {
  const addresses = links
    .filter(({ name }) => name !== 'eth0')
    .map(({ name, address }) => ({ name, bound: address }))
  return [...linkNames.map((name) => ({ name, bound: name })), ...addresses]
}

for (const method of ['nth', 'random', 'hash'] as const) {
  t.test(`sockets bound to a link use it whatever the method (${method})`, async (t) => {
    const lab = await balancedLab(t, { method })
    for (const { bound, name } of bindings()) {
      const seen: Record<string, string[]> = { curl: [], udp: [] }
      for (let i = 0; i < times; i++) {
        for (const [how, ask] of [
          ['curl', curl],
          ['udp', udp],
        ] as const) {
          const { stdout, stderr } = await ask(lab, bound)
          seen[how]?.push(stdout === '' ? stderr : linkSeenAs(stdout.trim()))
        }
      }
      const always = Array.from({ length: times }, () => name)
      t.same(seen.curl, always, `curl --interface ${bound}: ${name}`)
      t.same(seen.udp, always, `a UDP socket bound to ${bound}: ${name}`)
      const before = await lab.pings()
      for (let i = 0; i < 3; i++) t.equal((await ping(lab, bound)).code, 0, `ping -I ${bound} is answered`)
      const after = await lab.pings()
      const grown = linkNames.filter((other) => (after[other] ?? 0) > (before[other] ?? 0))
      t.same(grown, [name], `over ${name}`)
    }
  })
}

/** Asks over a link that is out; every way has to fail by an error, not by waiting. */
async function refused(t: Test, lab: Lab, bound: string): Promise<void> {
  const fetched = await curl(lab, bound)
  t.ok(curlRefused.includes(fetched.code), `curl --interface ${bound} fails: ${fetched.stderr}`)
  // Over a link that has no gateway but is up, ping hears no error.
  const pinged = await ping(lab, bound, silence)
  t.not(pinged.code, 0, `ping -I ${bound} fails: ${(pinged.stderr || pinged.stdout).trim()}`)
  const asked = await udp(lab, bound)
  t.equal(asked.stdout, '', `UDP over ${bound} gets no answer`)
  t.match(asked.stderr, refusal)
}

for (const fallback of [true, false]) {
  t.test(`over a link that is out they fail at once (fallback = ${fallback})`, async (t) => {
    const config = { top: `fallback = ${fallback}` }
    const lab = await balancedLab(t, config)

    await t.test('a link that was taken down', async (t) => {
      for (const { name, address } of links) {
        await lab.box.run(['ifdown', name])
        await refused(t, lab, name)
        if (name !== 'eth0') await refused(t, lab, address)
        await lab.box.run(['ifup', name])
      }
    })

    await t.test('a link that is up but has no gateway', async (t) => {
      await configure(lab, { ...config, withoutGateway: ['eth1'] })
      await lab.box.run(['ifdown', 'eth1'])
      await lab.box.run(['ifup', 'eth1'])
      await refused(t, lab, 'eth1')
      await refused(t, lab, '172.16.0.2')
      const { stdout } = await curl(lab, 'rausb0')
      t.equal(stdout && linkSeenAs(stdout.trim()), 'rausb0', 'the others are as before')
    })

    await t.test('a link whose device somebody else set down', async (t) => {
      await configure(lab, config)
      await lab.box.run(['ip', 'link', 'set', 'rausb0', 'down'])
      await refused(t, lab, 'rausb0')
      await lab.box.run(['ifdown', 'rausb0'])
      await lab.box.run(['ifup', 'rausb0'])
      const { stdout } = await curl(lab, 'rausb0')
      t.equal(stdout && linkSeenAs(stdout.trim()), 'rausb0', 'ifdown and ifup bring it back')
    })
  })
}

t.test('fallback = false: what is bound to a device needs no default route over it in main', async (t) => {
  const lab = await balancedLab(t, { top: 'fallback = false', v6: 'static' })
  const { stdout: defaults } = await lab.box.sh('ip route show default; ip -6 route show default')
  t.notMatch(defaults, /eth1|rausb0/, 'only eth0 has one')
  for (const name of linkNames) {
    for (const host of [server(1), `[${server6(1)}]`]) {
      const { stdout, stderr } = await curl(lab, name, host)
      t.equal(stdout === '' ? stderr : linkSeenAs(stdout.trim()), name, host)
    }
  }
  await lab.box.run(['ip', 'route', 'delete', 'default'])
  await lab.box.run(['ip', '-6', 'route', 'delete', 'default'])
  const { stdout } = await lab.box.run(['ip', 'route', 'get', server(1)], { reject: false })
  t.equal(stdout, '', 'and main without a default stays without')
})
