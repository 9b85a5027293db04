// One gateway of the lab: a namespace between the box and the internet that translates, counts foreign
// sources and perhaps shapes. In: its link and options; out: what it counted. The lab makes and removes the
// namespace.

import { ipBatch, run, within } from './namespaces.js'
import type { LabLink, V6 } from './topology.js'

export interface GatewayOptions {
  /** bytes a second, each way; undefined: as fast as it goes */
  readonly rate?: number | undefined
  /** translate FTP's commands too, as most home routers do */
  readonly ftp?: boolean | undefined
  /** how the box comes by IPv6 addresses; undefined: the lab has no IPv6 */
  readonly v6?: V6
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
  const mac = options.v6 === undefined ? '' : `address ${link.mac} `
  await ipBatch(
    [
      `link add box type veth peer name ${link.name} ${mac}netns ${namespaces.box}`,
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
  if (options.v6 !== undefined) await connect6(namespaces, link)
  await run(within(namespaces.gateway, ['nft', '-f', '-']), { input: rules(link, options.ftp ?? false) })
  if (options.rate !== undefined) {
    for (const device of ['box', 'out']) await shape(namespaces.gateway, device, options.rate)
  }
}

/** Gives the gateway its IPv6 addresses and routes, and the internet its way back to the link. */
async function connect6(namespaces: { gateway: string; internet: string }, link: LabLink): Promise<void> {
  await ipBatch([...addresses6(link), 'address add fe80::2/64 dev out'], namespaces.gateway)
  await ipBatch([`address add fe80::1/64 dev gw-${link.name}`], namespaces.internet)
  await ipBatch(['route add default via fe80::1 dev out'], namespaces.gateway)
  await ipBatch([`route add ${link.network6} via fe80::2 dev gw-${link.name}`], namespaces.internet)
}

/** What the gateway's end of the cable has for IPv6; the kernel forgets it when that end is set down. */
function addresses6(link: LabLink): string[] {
  return [
    `address replace ${link.gateway6}/64 dev box`,
    `address replace ${link.network6.replace('::/', '::1/')} dev box`,
  ]
}

/** Pulls the cable between box and gateway, or plugs it in: the box sees no carrier, or has it again. */
export async function plugCable(
  namespace: string,
  link: LabLink,
  plugged: boolean,
  v6: boolean,
): Promise<void> {
  if (plugged) await ipBatch(['link set box up', ...(v6 ? addresses6(link) : [])], namespace)
  else await ipBatch(['link set box down'], namespace)
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
  // Neighbour discovery sends from link-local addresses and, to find out whether an address is free, from none.
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
  }
  table ip6 gateway {
    counter foreign { }
    counter pings { }
    set own { type ipv6_addr; elements = { ${link.address6}, ${link.autoAddress6} }; }
    set samples { type ipv6_addr . ipv6_addr . inet_proto; size 64; flags dynamic; timeout 1h; }
    chain arriving {
      type filter hook prerouting priority -400
      iifname "box" ip6 saddr != { ::, fe80::/10 } ip6 saddr != @own goto refused
      icmpv6 type echo-request counter name pings
    }
    chain refused {
      counter name foreign update @samples { ip6 saddr . ip6 daddr . meta l4proto } drop
    }
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

/** Lets the box send from one more address, of either family. */
export async function permit(namespace: string, address: string): Promise<void> {
  const family = address.includes(':') ? 'ip6' : 'ip'
  await run(within(namespace, ['nft', 'add', 'element', family, 'gateway', 'own', `{ ${address} }`]))
}

type Listing = Record<string, Record<string, unknown>>[]

/** Both families' tables of the gateway, each as nft lists it. */
async function listings(namespace: string): Promise<Listing[]> {
  const ofFamily = async (family: string): Promise<Listing> => {
    const { stdout } = await run(within(namespace, ['nft', '-j', 'list', 'table', family, 'gateway']))
    return (JSON.parse(stdout) as { nftables: Listing }).nftables
  }
  return Promise.all(['ip', 'ip6'].map(ofFamily))
}

function packetsOf(tables: readonly Listing[], counter: string): number {
  return tables
    .map((items) => {
      const packets = items.find((item) => item.counter?.name === counter)?.counter?.packets
      if (typeof packets !== 'number') throw new Error(`the gateway has no counter ${counter}`)
      return packets
    })
    .reduce((sum, packets) => sum + packets)
}

/** What came here with a foreign source so far, in both families. */
export async function foreignSources(namespace: string): Promise<Foreign> {
  const tables = await listings(namespace)
  const samples = tables.flatMap(
    (items) => (items.find((item) => item.set?.name === 'samples')?.set?.elem ?? []) as unknown[],
  )
  return { packets: packetsOf(tables, 'foreign'), samples: samples.map(describe) }
}

/** How many echo requests came from the box, in both families. */
export async function pingsSeen(namespace: string): Promise<number> {
  return packetsOf(await listings(namespace), 'pings')
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
