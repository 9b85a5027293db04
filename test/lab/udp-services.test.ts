// UDP services on 0.0.0.0 and :: are answered over the link that the question came in on, from the address that was
// asked: a client takes an answer from no other. With IPv4 the gateways count foreign sources, as in every lab.

import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { Agent } from './agent-client.js'
import { within } from './namespaces.js'
import type { Lab } from './network.js'
import { startProgram, type Program } from './program.js'
import { balancedLab, changed, configure, linkNames } from './scenario.js'
import { links, server, server6, type LabLink } from './topology.js'
import { until } from './wait.js'

const script = fileURLToPath(new URL('udp-server.py', import.meta.url))
const port = { any: 5301, dual: 5302, chosen: 5303, device: 5304, late: 5305, redirected: 5306 } as const
const families = [4, 6] as const
type Family = (typeof families)[number]

const start = (t: Test, lab: Lab, kind: keyof typeof port, ...more: string[]): Promise<Program> =>
  startProgram(
    within(lab.namespace('box'), ['/usr/bin/python3', script, kind, String(port[kind]), ...more]),
    'ready',
  ).then(
    (program) => {
      t.teardown(() => program.close())
      return program
    },
  )

interface Client {
  /** the n-th client of the internet */
  readonly client: number
  readonly localPort?: number
}

/** Asks over a link; resolves to what went wrong, "" if it was answered as it should be. */
async function ask(
  internet: Agent,
  link: LabLink,
  family: Family,
  service: number,
  { client, localPort = 0 }: Client,
): Promise<string> {
  const localAddress = family === 4 ? server(client) : server6(client)
  const host = family === 4 ? link.publicAddress : link.address6
  const question = { host, port: service, localAddress, localPort }
  const { seenAs, error } = await internet.call('askUdp', question)
  return seenAs === localAddress ? '' : `over ${link.name}, IPv${family}: ${error ?? seenAs}`
}

/** Every link and family. */
const ways = families.flatMap((family) => links.map((link) => ({ family, link })))

/** Asks over every link in both families, from clients of the same number or of `first` and on; what went wrong. */
async function askAll(internet: Agent, service: number, client: Client): Promise<string[]> {
  const failures: string[] = []
  for (const { family, link } of ways) failures.push(await ask(internet, link, family, service, client))
  return failures.filter(Boolean)
}

t.test('UDP services on all addresses', async (t) => {
  const lab = await balancedLab(t, { v6: 'static' })
  const internet = await lab.agent('internet')
  for (const name of linkNames) for (const number of Object.values(port)) await lab.publish(name, 'udp', number)
  await start(t, lab, 'any')

  await t.test('100 clients at once in each family, over three links', async (t) => {
    for (const family of families) {
      const asked = Array.from({ length: 100 }, (_, i) =>
        ask(internet, links[i % 3] as LabLink, family, port.any, { client: i + 1 }))
      t.same((await Promise.all(asked)).filter(Boolean), [], `IPv${family}`)
    }
  })

  await t.test('one client that asks over every link from one port', async (t) => {
    for (let i = 0; i < 2; i++) t.same(await askAll(internet, port.any, { client: 200, localPort: 5000 }), [])
  })

  await t.test('a socket on :: for both families', async (t) => {
    await start(t, lab, 'dual')
    t.same(await askAll(internet, port.dual, { client: 1 }), [])
  })

  await t.test('a service that chooses its source itself, also for one port of a client', async (t) => {
    await start(t, lab, 'chosen')
    t.same(await askAll(internet, port.chosen, { client: 1 }), [])
    for (let i = 0; i < 2; i++) t.same(await askAll(internet, port.chosen, { client: 201, localPort: 5000 }), [])
  })

  await t.test('a service bound to a device', async (t) => {
    const link = links[1] as LabLink
    await start(t, lab, 'device', link.name)
    for (const family of families) t.equal(await ask(internet, link, family, port.device, { client: 1 }), '')
  })

  await t.test('a port that the admin redirects to it', async (t) => {
    await lab.box.run(['nft', '-f', '-'], {
      input: `table inet admin {
        chain redirected {
          type nat hook prerouting priority dstnat
          udp dport ${port.redirected} redirect to :${port.any}
        }
      }`,
    })
    t.same(await askAll(internet, port.redirected, { client: 1 }), [])
    await lab.box.run(['nft', 'delete', 'table', 'inet', 'admin'])
  })

  await t.test('answers that come when the connection is not tracked any more', async (t) => {
    const late = await start(t, lab, 'late')
    for (const { family, link } of ways) {
      const before = late.printed().length
      const answered = ask(internet, link, family, port.late, { client: 7 })
      await until('it was asked', () => late.printed().length > before)
      await lab.box.run(['conntrack', '-D', '-p', 'udp', '-f', `ipv${family}`], { reject: false })
      await lab.run('box', ['socat', '-', `UDP4:127.0.0.1:${port.late},shut-none`], { input: 'go', reject: false })
      t.equal(await answered, '', `over ${link.name}, IPv${family}`)
    }
  })

  await t.test('an apply, another first choice of the kernel, a table that was flushed', async (t) => {
    const client = { client: 202, localPort: 5000 }
    t.same(await askAll(internet, port.any, client), [])
    await configure(lab, { v6: 'static', weights: [2, 1, 1] })
    t.same(await askAll(internet, port.any, client), [], 'after an apply')
    await lab.box.run(['ifdown', 'eth0'])
    const others = ways.filter(({ link }) => link.name !== 'eth0')
    for (const { family, link } of others) t.equal(await ask(internet, link, family, port.any, client), '')
    await lab.box.run(['ifup', 'eth0'])
    t.same(await askAll(internet, port.any, client), [], 'after ifdown and ifup of the default link')
    await lab.box.sh('nft flush ruleset; /usr/lib/multilink/start')
    t.same(await askAll(internet, port.any, client), [], 'after a flush')
  })

  await t.test('what is remembered is no reason to load the table anew', async (t) => {
    const since = () => lab.box.run(['stat', '-c', '%y', '/run/multilink/.since'])
    const before = await since()
    const { stdout } = await lab.box.run(['nft', 'list', 'map', 'inet', 'multilink', 'asked'])
    t.match(stdout, 'elements', 'there is some')
    t.equal((await lab.box.run([changed])).code, 0)
    t.equal((await since()).stdout, before.stdout)
    t.equal((await lab.box.run(['multilink', 'status', '--json'])).code, 0)
  })

  await t.test('udp_answers = false: the kernel\'s own way', async (t) => {
    await configure(lab, { v6: 'static', top: 'udp_answers = false' })
    t.notMatch((await lab.box.run(['nft', 'list', 'table', 'inet', 'multilink'])).stdout, 'asked')
    const failures = await askAll(internet, port.any, { client: 1 })
    t.ok(failures.length >= 4, `only the kernel's first choice answers: ${failures.join('; ')}`)
  })
})
