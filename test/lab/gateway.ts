// One gateway of the lab: a namespace between the box and the internet that translates, counts foreign
// sources and perhaps shapes. In: its link and options; out: what it counted. The lab makes and removes the
// namespace.

import { ipBatch, run, within } from './namespaces.js'
import type { LabLink } from './topology.js'

export interface GatewayOptions {
  /** bytes a second, each way; undefined: as fast as it goes */
  readonly rate?: number | undefined
  /** translate FTP's commands too, as most home routers do */
  readonly ftp?: boolean | undefined
}

/** What the box sent here with a source other than its own address on this link. */
export interface Foreign {
  readonly packets: number
  /** some of them, "source destination protocol" */
  readonly samples: readonly string[]
}

/** Plugs the gateway between the box and the internet and starts translating. */
export async function startGateway(
  namespaces: { gateway: string; box: string; internet: string },
  link: LabLink,
  options: GatewayOptions,
): Promise<void> {
  await ipBatch(
    [
      `link add box type veth peer name ${link.name} netns ${namespaces.box}`,
      `link add out type veth peer name gw-${link.name} netns ${namespaces.internet}`,
      `address add ${link.gateway}/${link.length} dev box`,
      `address add ${link.publicAddress}/30 dev out`,
      'link set lo up',
      'link set box up',
      'link set out up',
    ],
    namespaces.gateway,
  )
  await ipBatch(
    [`address add ${link.beyond}/30 dev gw-${link.name}`, `link set gw-${link.name} up`],
    namespaces.internet,
  )
  await ipBatch([`route add default via ${link.beyond}`], namespaces.gateway)
  await run(within(namespaces.gateway, ['nft', '-f', '-']), { input: rules(link, options.ftp ?? false) })
  if (options.rate !== undefined) {
    for (const device of ['box', 'out']) await shape(namespaces.gateway, device, options.rate)
  }
}

/** Limits what leaves by a device; the queue holds 200 ms, as a home router's would. */
async function shape(namespace: string, device: string, rate: number): Promise<void> {
  const limit = ['rate', `${rate}bps`, 'burst', '5kb', 'latency', '200ms']
  await run(within(namespace, ['tc', 'qdisc', 'add', 'dev', device, 'root', 'tbf', ...limit]))
}

function rules(link: LabLink, ftp: boolean): string {
  const helper = `
    ct helper ftp-standard { type "ftp" protocol tcp; }
    chain helpers {
      type filter hook prerouting priority -150
      tcp dport 21 ct helper set "ftp-standard"
    }`
  return `
  table ip gateway {
    counter foreign { }
    counter pings { }
    set own { type ipv4_addr; elements = { ${link.address} }; }
    set samples { type ipv4_addr . ipv4_addr . inet_proto; size 64; flags dynamic; timeout 1h; }
    chain arriving {
      type filter hook prerouting priority -400
      # DHCP: a client has no address yet, or one that it is about to lose; what a server sends to all comes back
      udp sport . udp dport { 68 . 67, 67 . 68 } accept
      iifname "box" ip saddr != @own goto refused
      icmp type echo-request counter name pings
    }
    chain refused {
      counter name foreign update @samples { ip saddr . ip daddr . ip protocol } drop
    }
    chain published { type nat hook prerouting priority -100; }
    chain leaving {
      type nat hook postrouting priority 100
      oifname "out" snat to ${link.publicAddress}
    }
    ${ftp ? helper : ''}
  }`
}

/** Lets connections in from the internet: its public address and port go to the box. */
export async function publish(
  namespace: string,
  link: LabLink,
  protocol: string,
  port: number,
): Promise<void> {
  const rule = `iifname "out" ${protocol} dport ${port} dnat to ${link.address}`
  await run(within(namespace, ['nft', 'add', 'rule', 'ip', 'gateway', 'published', rule]))
}

/** Takes another address too for the box's own on this link. */
export async function addOwnAddress(namespace: string, address: string): Promise<void> {
  await run(within(namespace, ['nft', 'add', 'element', 'ip', 'gateway', 'own', `{ ${address} }`]))
}

type Listing = Record<string, Record<string, unknown>>[]

async function listing(namespace: string): Promise<Listing> {
  const { stdout } = await run(within(namespace, ['nft', '-j', 'list', 'table', 'ip', 'gateway']))
  return (JSON.parse(stdout) as { nftables: Listing }).nftables
}

function packetsOf(items: Listing, counter: string): number {
  const packets = items.find((item) => item.counter?.name === counter)?.counter?.packets
  if (typeof packets !== 'number') throw new Error(`the gateway has no counter ${counter}`)
  return packets
}

/** What came here with a foreign source so far. */
export async function foreignSources(namespace: string): Promise<Foreign> {
  const items = await listing(namespace)
  const samples = items.find((item) => item.set?.name === 'samples')?.set?.elem
  return { packets: packetsOf(items, 'foreign'), samples: ((samples ?? []) as unknown[]).map(describe) }
}

/** How many echo requests came from the box. */
export async function pingsSeen(namespace: string): Promise<number> {
  return packetsOf(await listing(namespace), 'pings')
}

function describe(element: unknown): string {
  const value = (element as { elem?: { val?: unknown } }).elem?.val ?? element
  return ((value as { concat?: unknown[] }).concat ?? [value]).join(' ')
}

/** Bytes that have passed a gateway towards the box and from it, as its interface counted them. */
export async function bytesPassed(namespace: string): Promise<{ toBox: number; fromBox: number }> {
  const { stdout } = await run(
    within(namespace, ['ip', '-json', '-statistics', 'link', 'show', 'dev', 'box']),
  )
  const [device] = JSON.parse(stdout) as [{ stats64: { rx: { bytes: number }; tx: { bytes: number } } }]
  return { toBox: device.stats64.tx.bytes, fromBox: device.stats64.rx.bytes }
}
