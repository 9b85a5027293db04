// What can happen to three links, as data: which changes are possible in a state, what each makes of it, and which
// links should be usable then. Nothing here runs anything.

import { linkNames } from '../scenario.js'

/** What is right with a link; all but `dhcp` true, and `gateway` 0, to begin with. */
export interface LinkState {
  /** its IPv4 address and gateway come from a DHCP server; that never changes */
  readonly dhcp: boolean
  /** its DHCP server works, if it needs one */
  readonly lease: boolean
  /** by ifup */
  readonly up: boolean
  /** `ip link set up` */
  readonly device: boolean
  /** the cable is plugged in */
  readonly carrier: boolean
  /** the provider beyond the gateway lives */
  readonly provider: boolean
  readonly address4: boolean
  readonly address6: boolean
  /** which of the two addresses of its gateway the link uses */
  readonly gateway: 0 | 1
}

export type State = Readonly<Record<string, LinkState>>

export interface Change {
  readonly link: string
  readonly what: Exclude<keyof LinkState, 'dhcp'>
}

/** What this multilink notices by itself. */
export interface Features {
  /** changes outside ifupdown */
  readonly monitor: boolean
  /** dead providers */
  readonly checks: boolean
  readonly ipv6: boolean
}

const sound: LinkState = {
  dhcp: false,
  lease: true,
  up: true,
  device: true,
  carrier: true,
  provider: true,
  address4: true,
  address6: true,
  gateway: 0,
}

/** The link whose gateway is in multilink.conf: it changes by an apply. The others' change by main's default route. */
export const gatewayInConfig = 'eth1'

/** The link that has a DHCP client. */
export const leasedLink = 'rausb0'

export const allSound: State = Object.fromEntries(
  linkNames.map((name) => [name, { ...sound, dhcp: name === leasedLink }]),
)

/** The changes that can come next. What is broken is mended more often than something breaks: links do come back. */
export function possibleChanges(state: State, { monitor, checks }: Features): Change[] {
  return linkNames.flatMap((link) => {
    const now = state[link] as LinkState
    const kinds: Change['what'][] = ['up', 'up']
    if (checks) kinds.push('provider')
    if (monitor) kinds.push('carrier', 'carrier')
    // The others are made on the box, on an interface that ifupdown has up.
    if (now.up && (monitor || link === gatewayInConfig)) kinds.push('gateway')
    // At the end of a lease dhclient sets its interface up again.
    if (now.up && monitor && !now.dhcp) kinds.push('device')
    if (now.up && monitor && now.device) kinds.push(now.dhcp ? 'lease' : 'address4', 'address6')
    const broken = kinds.filter((kind) => now[kind] === false)
    return [...kinds, ...broken, ...broken].map((what) => ({ link, what }))
  })
}

export function after(state: State, { link, what }: Change): State {
  const now = state[link] as LinkState
  const changed = { ...now, [what]: what === 'gateway' ? 1 - now.gateway : !now[what] }
  // ifup and ifdown set everything on the box to what the stanza says.
  if (what !== 'up') return { ...state, [link]: changed }
  const gateway = link === gatewayInConfig ? now.gateway : 0
  return { ...state, [link]: { ...changed, device: true, address4: true, address6: true, gateway } }
}

/** Whether a link has all that a family needs on this side of its provider. */
export function isThere(state: LinkState, family: 4 | 6): boolean {
  return hasAddress(state, family) && state.device && state.carrier
}

/** Whether a link should be usable for a family. */
export function isUsable(state: LinkState, family: 4 | 6): boolean {
  return isThere(state, family) && state.provider
}

/** Whether the box has a link's address of a family: a lease ends where nothing comes through to renew it. */
export function hasAddress(state: LinkState, family: 4 | 6): boolean {
  if (family === 6) return state.up && state.address6 && state.device
  return state.up && (state.dhcp ? state.lease && state.device && state.carrier : state.address4)
}

/** Whether the probe table has a route for a link: its interface is up, and has the family. */
export function isProbed(state: LinkState, family: 4 | 6): boolean {
  return family === 4 ? state.up && state.device : hasAddress(state, 6)
}

/** Whether a link's address of a family is there to be bound to: its interface is up too. */
export function isBoundTo(state: LinkState, family: 4 | 6): boolean {
  return hasAddress(state, family) && state.device
}

/** Links that should be usable for a family, in order. */
export function usableLinks(state: State, family: 4 | 6): string[] {
  return linkNames.filter((name) => isUsable(state[name] as LinkState, family))
}

export function describe({ link, what }: Change, state: State): string {
  const now = (state[link] as LinkState)[what]
  const words: Record<Change['what'], readonly [string, string]> = {
    up: ['ifdown', 'ifup'],
    device: ['device set down', 'device set up'],
    carrier: ['cable pulled', 'cable plugged in'],
    provider: ['provider dead', 'provider back'],
    address4: ['IPv4 address gone', 'IPv4 address back'],
    address6: ['IPv6 address gone', 'IPv6 address back'],
    lease: ['DHCP server dead', 'DHCP server back'],
    gateway: ['other gateway', 'first gateway'],
  }
  const back = what === 'gateway' ? now === 0 : now
  return `${link}: ${words[what][back ? 1 : 0]}`
}
