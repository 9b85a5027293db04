// What `status` learns of a real kernel, in a namespace of its own, with the nft table as multilink renders
// it: three links, of which eth0 is in the balance, eth1 was taken down and rausb0 is out.

import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseConfig } from '../../../src/config/parse.js'
import { buildPlan } from '../../../src/plan/build.js'
import { formatPlanJson } from '../../../src/plan/format.js'
import { renderArtefacts } from '../../../src/render/artefacts.js'
import { readTemplates } from '../../../src/render/templates.js'
import type { Status } from '../../../src/status/status.js'
import { until } from '../../lab/wait.js'
import { fileLimit } from '../../limits.js'
import { ipBatch, namespacesOf, removeNamespacesNow, run, within } from '../../lab/namespaces.js'

const namespace = `status-${process.pid}`
const program = fileURLToPath(new URL('print-status.ts', import.meta.url))
const templates = await readTemplates(fileURLToPath(new URL('../../../templates', import.meta.url)))
const root = await mkdtemp(join(tmpdir(), 'status-'))
t.teardown(() => {
  removeNamespacesNow([namespace])
  return rm(root, { recursive: true })
})
await run(['ip', 'netns', 'add', namespace])
const inside = (...command: string[]) => run(within(namespace, command))
/** Seconds that none of these tests takes. */
const outlives = String(fileLimit / 1000)

/** Waits until the kernel has noticed all carriers that came and went. */
const carriersNoticed = () =>
  until('all carriers are noticed', async () => {
    const devices = (await inside('ip', '-o', 'link', 'show', 'up')).stdout.split('\n').filter(Boolean)
    return devices.every((line) => /[<,]LOWER_UP[,>]/.test(line) !== line.includes('<NO-CARRIER,'))
  })

async function ask(...user: string[]): Promise<{ code: number; stderr: string; status: Status | undefined }> {
  const { code, stdout, stderr } = await run(
    within(namespace, [...user, process.execPath, '--import', 'tsx', program, root]),
    { reject: false },
  )
  return { code, stderr, status: stdout === '' ? undefined : (JSON.parse(stdout) as Status) }
}

const config = `
[link.eth0]
weight = 2
[link.eth1]
gateway = "172.16.0.1"
[link.rausb0]
`
const { plan } = buildPlan(parseConfig(config, '/etc/multilink.conf'), new Map())
const rules = renderArtefacts(plan, templates).find(({ path }) => path === 'rules.nft')?.text ?? ''

async function put(path: string, text: string, time?: Date): Promise<void> {
  const file = join(root, path)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, text)
  if (time) await utimes(file, time, time)
}

await t.test('nothing was ever applied', async (t) => {
  const { code, status } = await ask()
  t.equal(code, 0)
  t.same(status, {
    schema: 1,
    loaded: false,
    stopped: false,
    since: null,
    generation: null,
    config: null,
    configNewer: false,
    method: null,
    monitor: false,
    offload: null,
    bypass: { ipv4: null, ipv6: null },
    links: [],
  })
})

await t.test('applied, but the table is not there', async (t) => {
  await put(
    'var/lib/multilink/generations/12/plan.json',
    formatPlanJson(plan),
    new Date('2026-01-31T08:00:00Z'),
  )
  await symlink('generations/12', join(root, 'var/lib/multilink/current'))
  await put('etc/multilink.conf', '', new Date('2026-01-31T07:59:00Z'))
  const { code, status } = await ask()
  t.equal(code, 0)
  t.match(status, {
    loaded: false,
    since: null,
    generation: 12,
    config: '/etc/multilink.conf',
    method: 'nth',
  })
  t.match(status?.links[0], {
    name: 'eth0',
    state: 'out',
    reason: 'multilink is not loaded',
    given: null,
    connections: null,
    open: 0,
    bytes: null,
  })
  t.equal(status?.links.length, 3)
})

await t.test('stopped', async (t) => {
  await put('run/multilink/.stopped', '')
  const { status } = await ask()
  t.match(status, { loaded: false, stopped: true, links: [{ reason: 'multilink is stopped' }, {}, {}] })
  await rm(join(root, 'run/multilink/.stopped'))
})

const counters = { connections_eth0: 40, chosen_eth0: 30, connections_eth1: 11, chosen_eth1: 10 }

await t.test('with the table in the kernel', async (t) => {
  await ipBatch(
    [
      'link add eth0 type veth peer name peer0',
      'link add rausb0 type veth peer name peer1',
      ...['lo', 'eth0', 'peer0', 'rausb0', 'peer1'].map((device) => `link set ${device} up`),
      'addr add 192.168.1.2/24 dev eth0',
      'route add default via 192.168.1.1 dev eth0 table 1001 protocol 157',
    ],
    namespace,
  )
  const counted = Object.entries(counters).reduce(
    (text, [name, packets]) =>
      text.replace(
        new RegExp(`counter ${name} \\{\\s*\\}`),
        `counter ${name} { packets ${packets} bytes 0; }`,
      ),
    rules,
  )
  const ways =
    'add element inet multilink ways ' +
    '{ 0x01000000 : goto keep_eth0, 0x02000000 : goto out, 0x03000000 : goto out }\n' +
    'add element inet multilink ways6 ' +
    '{ 0x01000000 : goto out, 0x02000000 : goto out, 0x03000000 : goto out }\n'
  await run(within(namespace, ['nft', '-f', '-']), { input: `${counted}\n${ways}` })
  // as a hook leaves it: elements replaced; the JSON of a full table of each method must be readable too
  await run(within(namespace, ['nft', '-f', '-']), {
    input:
      'add element inet multilink slots { 0 : goto use_eth0, 1 : goto use_eth0 }\n' +
      'add rule inet multilink choose numgen inc mod 2 vmap @slots\n',
  })
  await put('run/multilink/.since', '', new Date('2026-01-31T08:15:00Z'))
  await put('run/multilink/.loaded', '', new Date('2026-01-31T08:20:00Z'))
  await put('run/multilink/eth0', 'gateway=192.168.1.254\ngateway6=\n')
  await put('run/multilink/.out6/eth0', 'it has no IPv6 address\n')
  await put('run/multilink/.down/eth1', '')
  await put('run/multilink/.out4/eth1', 'taken down by ifdown\n')
  await put('run/multilink/rausb0', 'gateway=192.168.0.1\n')
  await put('run/multilink/.out4/rausb0', 'it has no IPv4 address\n')
  // marks: eth0's twice, once with another program's bits; rausb0's; another program's alone; one that is
  // over
  const entries = [
    [1, 0x01000000, 'ESTABLISHED'],
    [2, 0x01000001, 'CLOSE_WAIT'],
    [3, 0x03000000, 'SYN_SENT'],
    [4, 0x00080000, 'ESTABLISHED'],
    [5, 0x01000000, 'TIME_WAIT'],
    [6, 0x01000000, 'CLOSE'],
  ]
  for (const [port, mark, state] of entries) {
    await inside(
      'conntrack',
      '-I',
      '-p',
      'tcp',
      '-s',
      '192.168.1.2',
      '-d',
      '192.0.2.1',
      '--sport',
      `${port}`,
      '--dport',
      '80',
      '--state',
      `${state}`,
      '-u',
      'SEEN_REPLY',
      '-t',
      outlives,
      '-m',
      `${mark}`,
    )
  }

  await carriersNoticed()
  await until('eth0 has sent something', async () => {
    const { stdout } = await inside('ip', '-j', '-s', 'link', 'show', 'eth0')
    return !stdout.includes('"tx":{"bytes":0,')
  })
  const { status } = await ask()
  await t.test('the whole is told', (t) => {
    t.match(status, { loaded: true, stopped: false, since: '2026-01-31T08:15:00.000Z', configNewer: false })
    t.end()
  })
  await t.test(
    "a link in the balance: its route, counters, connections and bytes are the kernel's",
    async (t) => {
      const { stdout } = await inside('ip', '-j', '-s', 'link', 'show', 'eth0')
      const [{ stats64 }] = JSON.parse(stdout) as [
        { stats64: { rx: { bytes: number }; tx: { bytes: number } } },
      ]
      t.same(status?.links[0], {
        name: 'eth0',
        number: 1,
        mark: '0x01000000',
        table: 1001,
        state: 'up',
        reason: null,
        gateway: '192.168.1.1',
        standby: false,
        held: false,
        health: null,
        ipv6: {
          state: 'out',
          reason: 'it has no IPv6 address',
          gateway: null,
          standby: false,
          held: false,
          health: null,
        },
        default: true,
        weight: 2,
        tier: 0,
        share: 0.5,
        given: { connections: 30, share: 0.75 },
        connections: 40,
        open: 2,
        bytes: status?.links[0]?.bytes,
      })
      const told = status?.links[0]?.bytes
      t.ok(
        told && told.out > 0 && told.out <= stats64.tx.bytes && told.in <= stats64.rx.bytes,
        'bytes are of this device',
      )
    },
  )
  await t.test('a link taken down, whose interface is gone: its gateway is the configured one', (t) => {
    t.match(status?.links[1], {
      name: 'eth1',
      state: 'down',
      reason: 'taken down by ifdown',
      gateway: '172.16.0.1',
      given: { connections: 10, share: 0.25 },
      connections: 11,
      open: 0,
      bytes: null,
    })
    t.end()
  })
  await t.test('a link that is out says why; its gateway is what ifupdown knew', (t) => {
    t.match(status?.links[2], {
      name: 'rausb0',
      state: 'out',
      reason: 'it has no IPv4 address',
      gateway: '192.168.0.1',
      given: { connections: 0, share: 0 },
      open: 1,
    })
    t.end()
  })
  await t.test(
    'an interface that was set down by hand is still in the balance, and that is told',
    async (t) => {
      await inside('ip', 'link', 'set', 'eth0', 'down')
      t.match((await ask()).status?.links[0], {
        state: 'up',
        reason: 'in the balance, but its interface is down',
      })
      await inside('ip', 'link', 'set', 'eth0', 'up')
      await inside('ip', 'link', 'set', 'peer0', 'down')
      await carriersNoticed()
      t.match((await ask()).status?.links[0], {
        state: 'up',
        reason: 'in the balance, but it has no carrier',
      })
    },
  )
  for (const [what, text, newer] of [
    ['comes to something else', `method = "hash"${config}`, true],
    ['is wrong', 'method =', true],
    ['differs in a comment', `# again${config}`, false],
  ] as const) {
    await t.test(
      `a config written after the apply that ${what} is ${newer ? '' : 'not '}newer`,
      async (t) => {
        await put('etc/multilink.conf', text, new Date('2026-01-31T08:01:00Z'))
        t.match((await ask()).status, { configNewer: newer })
      },
    )
  }
  await t.test('without root it says so', async (t) => {
    const { code, stderr } = await ask('setpriv', '--bounding-set=-all', '--inh-caps=-all')
    t.equal(code, 3)
    t.match(stderr, /^multilink: nft cannot list .*status wants root/)
  })
})

const checked = `
[link.eth0]
check = ["192.0.2.1", "2001:db8::1"]
[link.eth1]
check = ["192.0.2.1"]
on_loss = "keep"
[link.rausb0]
check = "gateway"
tier = 1
[link.ppp0]
ipv6 = false
check_command = "true"
`

await t.test('both families, checks, tiers and the monitor', async (t) => {
  const { plan } = buildPlan(parseConfig(checked, '/etc/multilink.conf'), new Map())
  const text = renderArtefacts(plan, templates).find(({ path }) => path === 'rules.nft')?.text ?? ''
  await rm(join(root, 'run/multilink'), { recursive: true })
  await put('var/lib/multilink/generations/12/plan.json', formatPlanJson(plan))
  const load = (elements: string) =>
    run(within(namespace, ['nft', '-f', '-']), {
      input: elements.replaceAll(/^(\S+) \{/gm, 'flush map inet multilink $1\nadd element inet multilink $1 {'),
    })
  await run(within(namespace, ['nft', '-f', '-']), { input: text })
  // eth0 is up in both; eth1 is lost in IPv4 and kept, up in IPv6 by a gateway of its own; rausb0 stands by in both
  await load(`\
ways { 0x01000000 : goto pin, 0x02000000 : goto hold, 0x03000000 : goto keep_rausb0, 0x04000000 : goto out }
ways6 { 0x01000000 : goto keep_eth0, 0x02000000 : goto pin, 0x03000000 : goto keep_rausb0 }
bypass_to { ipv4 : goto use_eth0, ipv6 : goto use_eth1 }
`)
  await ipBatch(
    [
      'link set peer0 up',
      'link add eth1 type veth peer name peer2',
      'link set eth1 up',
      'link set peer2 up',
      'route replace default via 192.168.1.1 dev eth0 table 1001 protocol 157',
      'route add default via 192.168.2.1 dev eth1 table 1002 protocol 157 onlink',
      'route add default via fe80::1 dev eth0 table 1001 protocol 157 metric 1024 onlink',
      'route add default via fe80::2 dev eth1 table 1002 protocol 157 metric 1024 onlink',
      'route add ::/0 dev rausb0 table 1003 protocol 157 metric 1024',
    ],
    namespace,
  )
  await carriersNoticed()
  const checks = 'its checks fail: no answer from 192.0.2.1 for 1.5 s'
  for (const [path, text] of [
    ['.out4/eth1', `${checks}\n`],
    ['.held4/eth1', ''],
    ['.health4/eth0', 'up\nloss=0 rtt=-\n'],
    ['.probes4/eth0', 'loss=3 rtt=12.3\n'],
    ['.health6/eth0', 'up\nloss=0 rtt=-\n'],
    ['.probes6/eth0', 'loss=0 rtt=-\n'],
    ['.health4/eth1', 'down no answer from 192.0.2.1 for 1.5 s\nloss=40 rtt=9.0\n'],
    ['.probes4/eth1', 'loss=100 rtt=-\n'],
    ['.health6/eth1', 'up\nloss=0 rtt=1.0\n'],
    ['.probes6/eth1', 'loss=50 rtt=1.0\n'],
    ['.probes4/rausb0', 'loss=0 rtt=1.0\n'],
    ['.lease4/rausb0', 'gateway=192.168.0.9\nservers=\ndns=\n'],
    ['rausb0', 'gateway=192.168.0.1\ngateway6=fe80::9\n'],
    ['ppp0', 'gateway=\ngateway6=\n'],
    ['.out4/ppp0', 'its interface is down or absent\n'],
    ['.held4/ppp0', ''],
    ['.monitor', ''],
  ] as const) {
    await put(`run/multilink/${path}`, text)
  }
  await run(within(namespace, ['conntrack', '-I', '-p', 'udp', '-s', '2001:db8::2', '-d', '2001:db8::1',
    '--sport', '1', '--dport', '53', '-t', outlives, '-m', String(0x02000000)]))

  const figuresOf = (status: Status | undefined) =>
    status?.links.map(({ health, ipv6 }) =>
      [health, ipv6?.health].map((one) => one && `${one.verdict} ${one.loss} ${one.rtt}`),
    )
  await t.test('no figures while nothing probes: those recorded are old', async (t) => {
    const { status } = await ask()
    t.match(status, { monitor: false })
    t.same(figuresOf(status), [
      ['up null null', 'up null null'],
      ['down null null', 'up null null'],
      ['null null null', 'null null null'],
      ['null null null', undefined],
    ])
  })

  const lock = join(root, 'run/multilink/.monitor')
  const monitor = spawn('sh', ['-c', 'exec 4>>"$1"; flock -n 4; echo; exec sleep "$2"', 'sh', lock, outlives])
  t.teardown(() => monitor.kill())
  await new Promise((resolve) => monitor.stdout.once('data', resolve))
  const { status } = await ask()
  t.match(status, { monitor: true, bypass: { ipv4: 'eth0', ipv6: 'eth1' } })
  t.same(
    figuresOf(status),
    [
      ['up 3 12.3', 'up null null'],
      // eth1 has no IPv6 target: that family follows IPv4's verdict and has no figures of its own
      ['down 100 null', 'up null null'],
      // rausb0 has no route in IPv4: nothing is probed there
      ['null null null', 'null null null'],
      ['null null null', undefined],
    ],
  )
  const [eth0, eth1, rausb0, ppp0] = status?.links ?? []
  t.match(eth0, {
    state: 'up', standby: false, held: false, gateway: '192.168.1.1', tier: 0,
    ipv6: { state: 'up', reason: null, standby: false, gateway: 'fe80::1' },
  })
  t.match(eth1, {
    state: 'out', reason: checks, held: true, gateway: '192.168.2.1',
    health: { reason: 'no answer from 192.0.2.1 for 1.5 s' },
    ipv6: { state: 'up', reason: null, held: false, gateway: 'fe80::2' },
    open: 1,
  })
  t.match(rausb0, {
    state: 'up', standby: true, gateway: '192.168.0.9', tier: 1, share: 0,
    ipv6: { state: 'up', standby: true, gateway: null },
  })
  t.match(ppp0, { state: 'out', held: false, ipv6: null })

  await t.test('a tier is in use in a family while no lower one has a usable link', async (t) => {
    await load('ways { 0x01000000 : goto out, 0x02000000 : goto hold, 0x03000000 : goto keep_rausb0 }\n')
    t.match((await ask()).status?.links[2], { state: 'up', standby: false, ipv6: { state: 'up', standby: true } })
  })
  await t.test('held is what was in use when it was lost, not what was never there', async (t) => {
    await load('ways { 0x01000000 : goto hold, 0x02000000 : goto hold }\n')
    t.match((await ask()).status?.links, [{ held: false }, { held: true }, {}, {}])
  })
  await t.test('a machine without IPv6 says so', async (t) => {
    await inside('sysctl', '-qw', 'net.ipv6.conf.lo.disable_ipv6=1')
    await load('ways6 { 0x01000000 : goto out }\n')
    t.match((await ask()).status?.links[0], { ipv6: { state: 'out', reason: 'IPv6 is off on this machine' } })
    await inside('sysctl', '-qw', 'net.ipv6.conf.lo.disable_ipv6=0')
  })
  await t.test('the monitor has ended', async (t) => {
    monitor.kill()
    await until('it is told', async () => (await ask()).status?.monitor === false)
    t.end()
  })
})

await t.test('the fields are those documented in the type, and in the man page', async (t) => {
  const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const [types, page] = await Promise.all([read('src/status/status.ts'), read('man/multilink.8')])
  const fieldsOf = (name: string) => {
    const [, body] = new RegExp(`^export interface ${name} .*\n([^]*?)^}`, 'm').exec(types) ?? []
    return [...(body ?? '').matchAll(/^ {2}readonly (\w+)/gm)].map(([, field]) => field ?? '')
  }
  const { status } = await ask()
  const link = status?.links[0]
  const same = (what: string, found: object | null | undefined, fields: readonly string[]) =>
    t.same(Object.keys(found ?? {}).sort(), [...fields].sort(), what)
  same('status', status, fieldsOf('Status'))
  same('a link', link, [...fieldsOf('LinkStatus'), ...fieldsOf('FamilyStatus')])
  same('a family', link?.ipv6, fieldsOf('FamilyStatus'))
  same('health', link?.health, fieldsOf('HealthStatus'))
  const section = page.slice(page.indexOf('.SH "STATUS AS JSON"'), page.indexOf('.SH "IN THE KERNEL"'))
  for (const field of ['Status', 'LinkStatus', 'FamilyStatus', 'HealthStatus'].flatMap(fieldsOf))
    t.match(section, new RegExp(`^\\.B ${field}$`, 'm'), `${field} is in the man page`)
})

await t.test('the namespace can be taken away again', async (t) => {
  removeNamespacesNow([namespace])
  t.same(await namespacesOf(namespace), [])
})
