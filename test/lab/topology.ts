// The how-to's network as data: addresses and names, nothing that runs.
//
//   LAN host          box                   gateways                            internet
//   10.1.1.2 ─ eth2     eth0   192.168.1.2 ── 192.168.1.1 gw-eth0    203.0.113.2  ── 203.0.113.1 ┐
//              10.1.1.1 eth1   172.16.0.2  ── 172.16.0.1  gw-eth1    203.0.113.6  ── 203.0.113.5 ├ 198.51.100.0/24
//                       rausb0 192.168.0.2 ── 192.168.0.1 gw-rausb0  203.0.113.10 ── 203.0.113.9 ┘ (all its own)
//
// Each gateway translates to its public address and drops, and counts, whatever comes from the box with
// another source than the box's own address on that link. The internet has routes to the public addresses
// only.
//
// With IPv6 (LabOptions.v6) each link N also has 2001:db8:N::/64 of its own, the box 2001:db8:N::2 in it, its gateway
// fe80::1; the LAN has fd00:1::/64 and the internet 2001:db8:ffff::/64. No gateway translates IPv6: a server sees the
// address that the box chose, and the internet has a route to each /64 through its gateway.

export interface LabLink {
  readonly name: string
  /** the box's address on this link, and its prefix length */
  readonly address: string
  readonly length: number
  readonly gateway: string
  /** where connections over this link seem to come from, seen from the internet */
  readonly publicAddress: string
  /** the internet's end of the gateway's /30 */
  readonly beyond: string
  /** the box's static IPv6 address on this link; servers see it as it is */
  readonly address6: string
  /** the link's own IPv6 network */
  readonly network6: string
  readonly gateway6: string
  /** the box's hardware address on this link in a lab with IPv6, and what it makes of it and a router advertisement */
  readonly mac: string
  readonly autoAddress6: string
}

/** How the box comes by its IPv6 addresses: not at all, by its stanzas, or by router advertisements. */
export type V6 = 'static' | 'ra' | undefined

/** The IPv6 side of link number N, 1 to 255: its /64 is 2001:db8:N::/64 (RFC 3849). */
export function side6(
  n: number,
): Pick<LabLink, 'address6' | 'network6' | 'gateway6' | 'mac' | 'autoAddress6'> {
  const prefix = `2001:db8:${n.toString(16)}::`
  const byte = n.toString(16).padStart(2, '0')
  return {
    address6: `${prefix}2`,
    network6: `${prefix}/64`,
    gateway6: 'fe80::1',
    mac: `02:00:00:00:${byte}:02`,
    // RFC 4291, appendix A: the universal/local bit turned over, ff:fe in the middle
    autoAddress6: `${prefix}ff:fe00:${n.toString(16)}02`,
  }
}

export const links: readonly LabLink[] = [
  {
    name: 'eth0',
    address: '192.168.1.2',
    length: 24,
    gateway: '192.168.1.1',
    publicAddress: '203.0.113.2',
    beyond: '203.0.113.1',
    ...side6(1),
  },
  {
    name: 'eth1',
    address: '172.16.0.2',
    length: 16,
    gateway: '172.16.0.1',
    publicAddress: '203.0.113.6',
    beyond: '203.0.113.5',
    ...side6(2),
  },
  {
    name: 'rausb0',
    address: '192.168.0.2',
    length: 24,
    gateway: '192.168.0.1',
    publicAddress: '203.0.113.10',
    beyond: '203.0.113.9',
    ...side6(3),
  },
]

export const lan = {
  device: 'eth2',
  boxAddress: '10.1.1.1',
  hostAddress: '10.1.1.2',
  length: 24,
  boxAddress6: 'fd00:1::1',
  hostAddress6: 'fd00:1::2',
} as const

/** Servers beyond the gateways: every address of this network is the internet's own. */
export const internetNetwork = '198.51.100.0/24'

/** The n-th server address, 1 to 254. */
export function server(n = 1): string {
  return `198.51.100.${n}`
}

export const internetNetwork6 = '2001:db8:ffff::/64'

/** The n-th server's IPv6 address, 1 to 254. */
export function server6(n = 1): string {
  return `2001:db8:ffff::${n.toString(16)}`
}

export type Family = 4 | 6

/** The n-th server's address of a family. */
export function hostOf(family: Family, n = 1): string {
  return family === 4 ? server(n) : server6(n)
}

/** The link whose public address this is, or whose IPv6 network it is in; throws for any other. */
export function linkSeenAs(publicAddress: string): string {
  const link = links.find(
    (candidate) =>
      candidate.publicAddress === publicAddress || publicAddress.startsWith(candidate.network6.replace('/64', '')),
  )
  if (link === undefined) throw new Error(`no link has the public address ${publicAddress}`)
  return link.name
}

/** Stanzas as the how-to's reader would write them: only eth0 names its gateways. */
export function stanza(name: string, v6?: V6): string {
  if (name === lan.device) {
    const text = staticStanza('inet', name, `${lan.boxAddress}/${lan.length}`)
    return v6 === undefined ? text : text + staticStanza('inet6', name, `${lan.boxAddress6}/64`)
  }
  const link = links.find((candidate) => candidate.name === name)
  if (link === undefined) throw new Error(`no link is named ${name}`)
  const first = name === 'eth0'
  const text = staticStanza('inet', name, `${link.address}/${link.length}`, first ? link.gateway : undefined)
  // A machine that forwards hears router advertisements only with accept_ra 2.
  if (v6 === 'ra') return `${text}iface ${name} inet6 auto\n    accept_ra 2\n`
  if (v6 === undefined) return text
  return text + staticStanza('inet6', name, `${link.address6}/64`, first ? link.gateway6 : undefined)
}

function staticStanza(family: 'inet' | 'inet6', name: string, address: string, gateway?: string): string {
  const lines = [`iface ${name} ${family} static`, `    address ${address}`]
  return [...lines, ...(gateway === undefined ? [] : [`    gateway ${gateway}`]), ''].join('\n')
}
