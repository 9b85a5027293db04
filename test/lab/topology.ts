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
}

export const links: readonly LabLink[] = [
  {
    name: 'eth0',
    address: '192.168.1.2',
    length: 24,
    gateway: '192.168.1.1',
    publicAddress: '203.0.113.2',
    beyond: '203.0.113.1',
  },
  {
    name: 'eth1',
    address: '172.16.0.2',
    length: 16,
    gateway: '172.16.0.1',
    publicAddress: '203.0.113.6',
    beyond: '203.0.113.5',
  },
  {
    name: 'rausb0',
    address: '192.168.0.2',
    length: 24,
    gateway: '192.168.0.1',
    publicAddress: '203.0.113.10',
    beyond: '203.0.113.9',
  },
]

export const lan = { device: 'eth2', boxAddress: '10.1.1.1', hostAddress: '10.1.1.2', length: 24 } as const

/** Servers beyond the gateways: every address of this network is the internet's own. */
export const internetNetwork = '198.51.100.0/24'

/** The n-th server address, 1 to 254. */
export function server(n = 1): string {
  return `198.51.100.${n}`
}

/** The link whose public address this is; throws for any other. */
export function linkSeenAs(publicAddress: string): string {
  const link = links.find((candidate) => candidate.publicAddress === publicAddress)
  if (link === undefined) throw new Error(`no link has the public address ${publicAddress}`)
  return link.name
}

/** A static stanza as the how-to's reader would write it: only eth0 names a gateway. */
export function stanza(name: string): string {
  if (name === lan.device) return staticStanza(name, lan.boxAddress, lan.length)
  const link = links.find((candidate) => candidate.name === name)
  if (link === undefined) throw new Error(`no link is named ${name}`)
  return staticStanza(name, link.address, link.length, name === 'eth0' ? link.gateway : undefined)
}

function staticStanza(name: string, address: string, length: number, gateway?: string): string {
  const lines = [`iface ${name} inet static`, `    address ${address}/${length}`]
  return [...lines, ...(gateway === undefined ? [] : [`    gateway ${gateway}`]), ''].join('\n')
}
