// Two links on which probers can run for real; no nft table, no routing of ours but the links' tables.
//
//   box  eth1 198.51.101.2, 2001:db8:1::2 ── 198.51.101.1, .3, fe80::1 gateway 1 ┐ each has 192.0.2.1, 192.0.2.2
//        eth2 198.51.102.2, 2001:db8:2::2 ── 198.51.102.1, .3, fe80::1 gateway 2 ┘ and 2001:db8:ff::1 "beyond" it
//
// main has a default over eth1 only; the tables 1001 and 1002 have each link's own, looked up after main.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { labPrefix } from '../../lab/cleanup.js'
import { cleanEnvironment, ipBatch, processesIn, removeNamespacesNow, run, within } from '../../lab/namespaces.js'
import { until } from '../../lab/wait.js'
import { commandLimit } from '../../limits.js'

export const beyond = ['192.0.2.1', '192.0.2.2'] as const
export const beyond6 = '2001:db8:ff::1'

export interface Process {
  readonly id: number
  readonly words: string
  readonly group: number
}

export interface Ground {
  readonly state: string
  readonly box: string
  readonly gateway: (link: 1 | 2) => string
  /** Tells the monitor something, and returns when it is done. */
  readonly tell: (verb: string) => Promise<void>
  /** The first line of a record; empty if there is none. */
  readonly health: (family: 4 | 6, link: string) => Promise<string>
  readonly probes: (family: 4 | 6, link: string) => Promise<string>
  /** How often a verdict's change was announced. */
  readonly announced: () => Promise<number>
  /** Drops packets at a gateway that match. */
  readonly drop: (link: 1 | 2, match: string) => Promise<void>
  readonly dropNoMore: (link: 1 | 2) => Promise<void>
  readonly processes: () => Promise<Process[]>
  /** Kills the first process whose words match, and answers its number. */
  readonly kill: (words: RegExp) => Promise<number>
  readonly killMonitor: () => Promise<void>
}

const library = fileURLToPath(new URL('../../../hooks/lib', import.meta.url))
const monitorScript = fileURLToPath(new URL('monitor.sh', import.meta.url))
let grounds = 0

/** Makes the ground and a monitor with these calls in its settings; all is removed when the test ends. */
export async function makeGround(t: Test, settings: readonly string[]): Promise<Ground> {
  const prefix = labPrefix(900 + grounds++)
  const box = `${prefix}box`
  const gateway = (link: 1 | 2): string => `${prefix}gw${link}`
  const state = await mkdtemp(join(tmpdir(), 'health-'))
  t.teardown(async () => {
    removeNamespacesNow([box, gateway(1), gateway(2)])
    await rm(state, { recursive: true })
  })
  await makeNetwork(box, gateway)
  await writeFile(join(state, 'settings'), [
    'link eth1 0x01000000 1001 1 0 auto auto 240.0.0.1 fe80::6d6c:1 checked',
    'link eth2 0x02000000 1002 1 0 auto auto 240.0.0.2 fe80::6d6c:2 checked',
    ...settings, '',
  ].join('\n'))
  await writeFile(join(state, 'changed'), `#!/bin/sh\necho >>${state}/announced\n`)
  await chmod(join(state, 'changed'), 0o755)
  await copyLibrary(join(state, 'lib'))
  const monitor = startMonitor(box, state)
  const read = (file: string): Promise<string> => readFile(join(state, file), 'utf8').catch(() => '')
  return {
    state,
    box,
    gateway,
    tell: monitor.tell,
    health: async (family, link) => (await read(`.health${family}/${link}`)).split('\n')[0] ?? '',
    probes: async (family, link) => (await read(`.probes${family}/${link}`)).trim(),
    announced: async () => (await read('announced')).length,
    drop: async (link, match) => {
      await run(within(gateway(link), ['nft', '-f', '-']), {
        input: `table inet loss {\nchain in {\ntype filter hook input priority 0;\n${match} drop\n}\n}\n`,
      })
    },
    dropNoMore: async (link) => {
      await run(within(gateway(link), ['nft', 'delete', 'table', 'inet', 'loss']))
    },
    processes: () => processesOf(box),
    kill: (words) => killOne(box, words),
    killMonitor: async () => {
      await killOne(box, /^sh .*monitor\.sh/)
      await monitor.ended
    },
  }
}

async function makeNetwork(box: string, gateway: (link: 1 | 2) => string): Promise<void> {
  await ipBatch([box, gateway(1), gateway(2)].map((name) => `netns add ${name}`))
  await ipBatch([
    'link set lo up',
    ...([1, 2] as const).flatMap((link) => [
      `link add eth${link} type veth peer name box netns ${gateway(link)}`,
      `link set eth${link} up`,
      `address add 198.51.10${link}.2/24 dev eth${link}`,
      `address add 2001:db8:${link}::2/64 dev eth${link} nodad`,
      `route add default via 198.51.10${link}.1 dev eth${link} table 100${link}`,
      `rule add priority 3280${link} lookup 100${link}`,
    ]),
    'route add default via 198.51.101.1',
  ], box)
  for (const link of [1, 2] as const) {
    await ipBatch([
      'link set lo up',
      'link set box up',
      ...[1, 3].map((host) => `address add 198.51.10${link}.${host}/24 dev box`),
      'address add fe80::1/64 dev box nodad',
      `route add 2001:db8:${link}::/64 dev box`,
      ...beyond.map((address) => `address add ${address}/32 dev lo`),
      `address add ${beyond6}/128 dev lo`,
    ], gateway(link))
    await ipBatch([`route add ::/0 via fe80::1 dev eth${link} table 100${link}`], box)
    await run(['ip', '-n', box, '-6', 'rule', 'add', 'priority', `3280${link}`, 'lookup', `100${link}`])
  }
}

/** The library, but what a check_command runs is not ended where only this machine is slow. */
async function copyLibrary(folder: string): Promise<void> {
  await cp(library, folder, { recursive: true })
  const script = join(folder, 'check-command.sh')
  const text = await readFile(script, 'utf8')
  const patient = text.replace('timeout -k 1 5 ', `timeout -k 1 ${commandLimit / 1000} `)
  if (patient === text) throw new Error(`${script} ends no command after 5 seconds`)
  await writeFile(script, patient)
}

interface Monitor {
  readonly tell: (verb: string) => Promise<void>
  readonly ended: Promise<void>
}

/** As systemd starts it: with SIGPIPE ignored. */
function startMonitor(box: string, state: string): Monitor {
  const [file = '', ...words] = within(box, ['sh', '-c', 'trap "" PIPE; exec sh "$0"', monitorScript])
  const child: ChildProcessWithoutNullStreams = spawn(file, words, {
    env: { ...cleanEnvironment, STATE: state, LIB: join(state, 'lib'), SETTINGS: join(state, 'settings') },
  })
  child.stderr.pipe(process.stderr)
  const done: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => done.push(line))
  return {
    tell: async (verb) => {
      const before = done.length
      child.stdin.write(`${verb}\n`)
      await until(`the monitor has done: ${verb}`, () => done.length > before)
    },
    ended: new Promise((resolve) => child.once('exit', () => { resolve() })),
  }
}

async function killOne(namespace: string, wanted: RegExp): Promise<number> {
  const victim = (await processesOf(namespace)).find(({ words }) => wanted.test(words))
  if (victim === undefined) throw new Error(`nothing runs there that is ${wanted}`)
  process.kill(victim.id, 'SIGKILL')
  return victim.id
}

async function processesOf(namespace: string): Promise<Process[]> {
  const ids = await processesIn(namespace)
  const all = await Promise.all(ids.map(async (id) => ({
    id,
    words: (await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')).split('\0').join(' ').trim(),
    group: Number(/^Gid:\s+(\d+)/m.exec(await readFile(`/proc/${id}/status`, 'utf8').catch(() => ''))?.[1]),
  })))
  return all.filter(({ words }) => words !== '')
}
