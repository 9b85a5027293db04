// Raises the lab: the how-to's network (drawn in topology.ts) in namespaces of its own, with a box to run
// multilink on. In: options; out: a Lab. close() removes all of it and throws if anything is left or a
// gateway saw a foreign source.

import { startAgent, type Agent } from './agent-client.js'
import { startBox, type Box } from './box.js'
import { boxPlace, labPrefix, removeAbandoned, uponExit } from './cleanup.js'
import { startDelay } from './delay.js'
import { setFaults, type Faults } from './faults.js'
import {
  bytesPassed,
  foreignSources,
  permit,
  pingsSeen,
  plugCable,
  publish,
  startGateway,
  type Foreign,
  type GatewayOptions,
} from './gateway.js'
import { ipBatch, kill, namespacesOf, processesIn, removeNamespacesNow } from './namespaces.js'
import { run, within, type RunOptions, type RunResult } from './namespaces.js'
import { startAdvertising } from './router-advertisements.js'
import { rootTemplate } from './template.js'
import { internetNetwork, internetNetwork6, lan, links, type LabLink, type V6 } from './topology.js'
import { until } from './wait.js'

export interface LabOptions extends GatewayOptions {
  /** the .deb that is installed on the box; undefined: the box is a plain Debian */
  readonly deb?: string | undefined
  /** the directory of the Debian whose files the box has; default: this machine's */
  readonly root?: string | undefined
  /** in a lab with IPv6, let the box find out for a second or two whether an address is free, as Debian does */
  readonly dad?: boolean | undefined
}

export interface CloseOptions {
  /** for the tests that show what happens without multilink */
  readonly foreignExpected?: boolean
}

export type Place = 'box' | 'lan' | 'internet' | `gw-${string}` | `more-${string}`

export interface Lab {
  readonly links: readonly LabLink[]
  readonly v6: V6
  readonly box: Box
  namespace(place: Place): string
  /**
   * runs one of this machine's programs in a namespace (on the box, box.run uses the box's own files instead)
   */
  run(place: Place, program: readonly string[], options?: RunOptions): Promise<RunResult>
  /** another namespace, for what a test adds: a VPN's peer, a container */
  add(place: `more-${string}`): Promise<void>
  /** the traffic program that lives in a namespace; started when first asked for */
  agent(place: Place): Promise<Agent>
  /** connections from the internet to a link's public address and port go to the box */
  publish(link: string, protocol: 'tcp' | 'udp', port: number): Promise<void>
  /** the box has this address too on a link, of either family: its gateway does not count it as foreign */
  permit(link: string, address: string): Promise<void>
  /** what each link's gateway saw of foreign sources */
  foreign(): Promise<Record<string, Foreign>>
  /** how many echo requests each link's gateway saw */
  pings(): Promise<Record<string, number>>
  /** what has passed a link's gateway, in bytes */
  bytes(link: string): Promise<{ toBox: number; fromBox: number }>
  /** the provider behind a link's gateway is dead: the gateway answers, nothing passes beyond it, no error is sent */
  kill(link: string): Promise<void>
  /** the gateway itself is dead: there is carrier and nothing else */
  gatewayDead(link: string): Promise<void>
  /** provider and gateway work again; loss and unreachable addresses stay */
  revive(link: string): Promise<void>
  /** percent of the packets that a link loses by chance, each way; 0: none */
  loss(link: string, percent: number): Promise<void>
  /** addresses beyond that do not answer over this link, instead of those before */
  unreachable(link: string, addresses: readonly string[]): Promise<void>
  /** how much longer a round trip over the link takes, in milliseconds; 0: no longer */
  delay(link: string, milliseconds: number): Promise<void>
  /** pulls the cable between the box and the gateway, or plugs it in again */
  cable(link: string, plugged: boolean): Promise<void>
  /** `close` is called when the lab closes, before what still runs is called a stray */
  onClose(close: () => Promise<void>): void
  close(options?: CloseOptions): Promise<void>
}

const gatewayPlaces = links.map((link): Place => `gw-${link.name}`)
const firstPlaces: readonly Place[] = ['box', 'lan', 'internet', ...gatewayPlaces]

let raised = 0

/** Raises a network; every one has namespaces of its own, named ml<process id>x<count>-<place>. */
export async function raiseNetwork(options: LabOptions = {}): Promise<Lab> {
  await removeAbandoned()
  const { deb, root = '/' } = options
  const template = deb === undefined ? undefined : await rootTemplate(deb, root)
  const prefix = labPrefix(++raised)
  const namespace = (place: Place): string => prefix + place
  const places = [...firstPlaces]
  const stopWatching = uponExit(() => removeNamespacesNow(places.map(namespace)))
  const agents = new Map<Place, Promise<Agent>>()
  const closers = new Set<() => Promise<void>>()
  let box: Box | undefined

  const takeDown = async (): Promise<string[]> => {
    const problems: string[] = []
    for (const close of closers) await close().catch((failure: unknown) => problems.push(String(failure)))
    for (const agent of agents.values()) await (await agent).close()
    await box?.close()
    const strays = await strayProcesses(places.map(namespace))
    removeNamespacesNow(places.map(namespace))
    stopWatching()
    const left = await namespacesOf(prefix)
    return [...problems, ...strays, ...left.map((name) => `namespace ${name} is left`)]
  }

  try {
    await ipBatch(places.map((place) => `netns add ${namespace(place)}`))
    await Promise.all(places.map((place) => tune(namespace(place), place, options)))
    await connect(namespace, options)
    if (options.v6 === 'ra') {
      for (const link of links) closers.add(await startAdvertising(namespace(`gw-${link.name}`), link))
    }
    box = await startBox(namespace('box'), boxPlace(prefix), root, template)
  } catch (failure) {
    await takeDown()
    throw failure
  }

  const ofEach = async <T>(ask: (gateway: string) => Promise<T>): Promise<Record<string, T>> =>
    Object.fromEntries(
      await Promise.all(links.map(async ({ name }) => [name, await ask(namespace(`gw-${name}`))] as const)),
    )
  const foreign = (): Promise<Record<string, Foreign>> => ofEach(foreignSources)

  const faults = new Map<string, Faults>()
  const change = async (name: string, changed: Faults): Promise<void> => {
    const now = { ...faults.get(name), ...changed }
    await setFaults(namespace(`gw-${linkOf(name).name}`), now)
    faults.set(name, now)
  }
  const delays = new Map<string, () => Promise<void>>()
  const v6 = options.v6 !== undefined

  return {
    links,
    v6: options.v6,
    box,
    namespace,
    foreign,
    pings: () => ofEach(pingsSeen),
    run: (place, program, runOptions) => run(within(namespace(place), program), runOptions),
    add: async (place) => {
      places.push(place)
      await ipBatch([`netns add ${namespace(place)}`])
      await tune(namespace(place), place, options)
      await ipBatch(['link set lo up'], namespace(place))
    },
    agent: (place) => {
      const agent = agents.get(place) ?? startAgent(namespace(place))
      agents.set(place, agent)
      return agent
    },
    publish: async (name, protocol, port) => {
      await publish(namespace(`gw-${name}`), linkOf(name), protocol, port)
    },
    permit: (link, address) => permit(namespace(`gw-${link}`), address),
    bytes: (link) => bytesPassed(namespace(`gw-${link}`)),
    kill: (link) => change(link, { providerDead: true }),
    gatewayDead: (link) => change(link, { gatewayDead: true }),
    revive: (link) => change(link, { providerDead: false, gatewayDead: false }),
    loss: (link, loss) => change(link, { loss }),
    unreachable: (link, unreachable) => change(link, { unreachable }),
    delay: async (name, milliseconds) => {
      const stop = delays.get(name)
      if (stop !== undefined) {
        delays.delete(name)
        closers.delete(stop)
        await stop()
      }
      if (milliseconds === 0) return
      const started = await startDelay(namespace('internet'), linkOf(name), milliseconds, v6)
      delays.set(name, started)
      closers.add(started)
    },
    cable: (name, plugged) => plugCable(namespace(`gw-${name}`), linkOf(name), plugged, v6),
    onClose: (close) => void closers.add(close),
    close: async ({ foreignExpected = false } = {}) => {
      const seen = await foreign()
      const problems = await takeDown()
      for (const [link, { packets, samples }] of Object.entries(seen)) {
        if (packets === 0 || foreignExpected) continue
        problems.push(`${link}'s gateway saw ${packets} packets with a foreign source: ${samples.join('; ')}`)
      }
      if (problems.length > 0) throw new Error(problems.join('\n'))
    },
  }
}

function linkOf(name: string): LabLink {
  const link = links.find((candidate) => candidate.name === name)
  if (link === undefined) throw new Error(`no link is named ${name}`)
  return link
}

async function connect(namespace: (place: Place) => string, options: GatewayOptions): Promise<void> {
  await ipBatch(['link set lo up', `route add local ${internetNetwork} dev lo`], namespace('internet'))
  if (options.v6 !== undefined) {
    await ipBatch([`route add local ${internetNetwork6} dev lo`], namespace('internet'))
  }
  for (const link of links) {
    const ends = {
      gateway: namespace(`gw-${link.name}`),
      box: namespace('box'),
      internet: namespace('internet'),
    }
    await startGateway(ends, link, options)
  }
  await ipBatch(
    [
      `link add eth0 type veth peer name ${lan.device} netns ${namespace('box')}`,
      `address add ${lan.hostAddress}/${lan.length} dev eth0`,
      'link set lo up',
      'link set eth0 up',
      `route add default via ${lan.boxAddress}`,
    ],
    namespace('lan'),
  )
  if (options.v6 === undefined) return
  await ipBatch(
    [`address add ${lan.hostAddress6}/64 dev eth0`, `route add default via ${lan.boxAddress6}`],
    namespace('lan'),
  )
}

/**
 * Kernel settings of a namespace. Rates are measured over tbf, where BBR, some machines' default, does not
 * settle; Reno is the one algorithm that every namespace may choose.
 */
async function tune(namespace: string, place: Place, { v6, dad = false }: LabOptions): Promise<void> {
  const settings = ['net.ipv4.tcp_congestion_control=reno', 'net.ipv4.tcp_no_metrics_save=1']
  const forwards = place !== 'internet' && place !== 'lan'
  if (forwards) settings.push('net.ipv4.ip_forward=1')
  // The box starts with the strictest reverse path filter, which multilink has to make loose on its links.
  const strictness = place === 'box' ? 1 : 0
  for (const which of ['all', 'default']) settings.push(`net.ipv4.conf.${which}.rp_filter=${strictness}`)
  if (place !== 'box' && v6 === undefined) settings.push('net.ipv6.conf.default.disable_ipv6=1')
  if (v6 !== undefined) settings.push(...settings6(place, dad))
  await run(within(namespace, ['sysctl', '-q', '-w', ...settings]))
}

function settings6(place: Place, dad: boolean): string[] {
  const settings = []
  // An address is used at once; devices that are not the box's have the link-local addresses they are given.
  if (place !== 'box' || !dad) settings.push('net.ipv6.conf.default.accept_dad=0')
  if (place.startsWith('gw-') || place === 'internet') settings.push('net.ipv6.conf.default.addr_gen_mode=1')
  // The internet forwards what comes out of a delay, and serves addresses that it has by a route only.
  if (place !== 'lan') settings.push('net.ipv6.conf.all.forwarding=1')
  if (place === 'internet') settings.push('net.ipv4.ip_forward=1', 'net.ipv6.ip_nonlocal_bind=1')
  return settings
}

/** Names what still runs once everything was told to end; ends it. */
async function strayProcesses(namespaces: readonly string[]): Promise<string[]> {
  const strays: string[] = []
  for (const name of namespaces) {
    const ids = (): Promise<number[]> => processesIn(name)
    await until(`${name} is empty`, async () => (await ids()).length === 0).catch(async () => {
      for (const id of await ids()) {
        const { stdout } = await run(['ps', '-o', 'args=', '-p', String(id)], { reject: false })
        strays.push(`process ${id} is left in ${name}: ${stdout.trim()}`)
        kill(id)
      }
    })
  }
  return strays
}
