// A machine of its own for each test of the hooks: real kernel, real ip and nft, real hooks, no traffic.
//
//   box: eth0    192.168.1.2/24   gateway 192.168.1.1
//        eth1    172.16.0.2/16    gateway 172.16.0.1
//        rausb0  192.168.0.2/24   gateway 192.168.0.1

import { execa } from 'execa'
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { until } from '../../lab/wait.js'
import { commandLimit, fileLimit } from '../../limits.js'
import { bundleProgram, project } from '../../program.js'

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** No variables of tap's, which puts itself into every Node that it is the parent of. */
const environment = ['env', '-i', `PATH=${path}`, 'LC_ALL=C']
const stateScript = await readFile(join(project, 'test/kernel/hooks/state.sh'), 'utf8')

export const links = {
  eth0: { address: '192.168.1.2/24', gateway: '192.168.1.1' },
  eth1: { address: '172.16.0.2/16', gateway: '172.16.0.1' },
  rausb0: { address: '192.168.0.2/24', gateway: '192.168.0.1' },
} as const
export type LinkName = keyof typeof links
const names = Object.keys(links) as LinkName[]

const configOf = (name: LinkName) => `[link.${name}]\ngateway = "${links[name].gateway}"\n`
/** Each link's part of a config, and a config of all. */
export const linkConfigs = { eth0: configOf('eth0'), eth1: configOf('eth1'), rausb0: configOf('rausb0') }
export const allLinks = names.map(configOf).join('')

export interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A process that lives in a box. */
export interface Guest {
  readonly id: number
  readonly session: number
  readonly words: string
}

export interface Box {
  /** Runs a script and returns what it printed; the test fails if it fails. */
  sh(script: string): Promise<string>
  /** Runs a script, whatever its exit code; `input` is its standard input. */
  run(script: string, input?: string): Promise<Result>
  /** Writes the config and runs `multilink apply`, whatever its exit code; `before` is shell to run it with. */
  apply(config: string, before?: string): Promise<Result>
  /** Gives an interface its address and sets it up, as ifupdown does before the hooks. */
  configure(link: LinkName): Promise<void>
  /** Runs /etc/network/if-up.d/multilink in the environment ifupdown gives it. */
  ifUp(name: string, environment?: Readonly<Record<string, string>>): Promise<Result>
  ifDown(name: string, environment?: Readonly<Record<string, string>>): Promise<Result>
  /** Everything that multilink may change; `kernel` leaves its own files out. */
  state(what?: 'kernel'): Promise<string>
  /** What runs in it in the background. */
  guests(): Promise<Guest[]>
  /** Waits until nothing does: the sweep a second after a link was lost is over, and all events are told and logged. */
  rests(): Promise<void>
}

// Boxes have nothing to do with each other, and much of what they do is waiting for the kernel.
t.jobs = 2
const folder = await mkdtemp(join(tmpdir(), 'multilink-box-'))
t.teardown(() => rm(folder, { recursive: true }))
const program = await bundleProgram(folder)

/** A box; it goes with the test. */
export async function makeBox(t: Test): Promise<Box> {
  if (process.getuid?.() !== 0) throw new Error('the tests of the hooks need root')
  const holder = execa('unshare', ['--net', '--mount', '--propagation', 'private',
    join(project, 'test/kernel/hooks/box-root.sh'), project, program], { stdin: 'pipe', reject: false })
  t.teardown(async () => {
    holder.stdin.end()
    await holder
  })
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve())
    void holder.then(({ stderr }) => reject(new Error(`no box: ${stderr}`)))
  })
  return boxOf(t, holder.pid ?? 0)
}

/** What runs in a box, which is known by the box's mounts, but for what holds it. */
async function guestsOf(holder: number): Promise<Guest[]> {
  const mountsOf = (id: string) => readlink(`/proc/${id}/ns/mnt`).catch(() => '')
  const mounts = await mountsOf(String(holder))
  // A box that never came to be, or is gone, has none of its own.
  if (['', await mountsOf('self')].includes(mounts)) return []
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== holder)
  const guests = ids.map(async (id): Promise<Guest[]> => {
    if ((await mountsOf(id)) !== mounts) return []
    const [stat, words] = await Promise.all(['stat', 'cmdline'].map((file) =>
      readFile(`/proc/${id}/${file}`, 'utf8').catch(() => '')))
    const [, , , session] = stat?.replace(/^.*\) /s, '').split(' ') ?? []
    return [{ id: Number(id), session: Number(session), words: words?.split('\0').join(' ').trim() ?? '' }]
  })
  return (await Promise.all(guests)).flat()
}

/** Gives every link its address and sets it up. */
export async function configureAll(box: Box): Promise<void> {
  for (const name of names) await box.configure(name)
}

/** A box with all links up and applied. */
export async function appliedBox(t: Test): Promise<Box> {
  const box = await makeBox(t)
  await configureAll(box)
  const { code, stderr } = await box.apply(allLinks)
  if (code !== 0) throw new Error(`the first apply failed: ${stderr}`)
  for (const [name, { gateway }] of Object.entries(links)) await box.ifUp(name, { IF_GATEWAY: gateway })
  return box
}

/**
 * Shell that makes a point-to-point interface with these addresses (`ip address add`), up and with carrier: it has that
 * for as long as a process holds it (TUNSETIFF, IFF_TUN and IFF_NO_PI in linux/if_tun.h), whose id is in /run/held.
 */
export function tunnelUp(name: string, addresses: string): string {
  return `ip tuntap add ${name} mode tun
    timeout ${fileLimit / 1000} python3 -c 'import fcntl, signal, struct
tun = open("/dev/net/tun", "r+b", 0)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH", b"${name}", 0x1001))
signal.pause()' </dev/null >/dev/null 2>&1 & echo $! >/run/held
    until ip -o link show ${name} | grep -q ,LOWER_UP; do ip link set ${name} up; sleep 0.02; done
    ip address add ${addresses} dev ${name}`
}

function boxOf(t: Test, pid: number): Box {
  const run = async (script: string, input = ''): Promise<Result> => {
    const { exitCode, stdout, stderr } = await execa(
      'nsenter', [`--target=${pid}`, '--net', '--mount', '--wd=/', ...environment, 'sh', '-euc', script],
      { input, reject: false, timeout: commandLimit },
    )
    return { code: exitCode ?? -1, stdout, stderr }
  }
  const sh = async (script: string): Promise<string> => {
    const result = await run(script)
    if (result.code !== 0) t.fail(`exit ${result.code}: ${script}`, { stderr: result.stderr })
    return result.stdout
  }
  const hook = (name: string, interfaceName: string, more: Readonly<Record<string, string>>) => {
    const variables = { PATH: path, IFACE: interfaceName, LOGICAL: interfaceName, ADDRFAM: 'inet', METHOD: 'static',
      VERBOSITY: '0', ...more }
    const words = Object.entries(variables).map(([key, value]) => `'${key}=${value}'`)
    return run(`exec env -i ${words.join(' ')} /etc/network/${name}.d/multilink`)
  }
  return {
    sh,
    run,
    apply: (config, before = '') => run(`
      rm -f /etc/multilink.conf
      cat >/etc/multilink.conf
      chmod 644 /etc/multilink.conf
      ${before} multilink apply`, config),
    configure: async (link) => {
      await sh(`ip address replace ${links[link].address} dev ${link}; ip link set ${link} up`)
    },
    ifUp: (name, environment = {}) => hook('if-up', name, { MODE: 'start', PHASE: 'post-up', ...environment }),
    ifDown: (name, environment = {}) => hook('if-down', name, { MODE: 'stop', PHASE: 'pre-down', ...environment }),
    state: async (what) => {
      const { stdout } = await run(`sh -s ${what ?? 'all'}`, stateScript)
      return stdout
    },
    guests: () => guestsOf(pid),
    rests: async () => {
      let guests: Guest[] = []
      const said = () => `nothing runs in the box, but ${guests.map(({ id, words }) => `${id} ${words}`).join(', ')}`
      await until(said, async () => {
        guests = await guestsOf(pid)
        return guests.length === 0
      })
    },
  }
}
