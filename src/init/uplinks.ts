// In: ifupdown's stanzas and what the kernel knows. Out: which interfaces are ways to the Internet, or could
// be, in order of preference, with what is known of each. Pure; what is to be said of them is in
// candidates.ts.

import type { Interfaces, Stanza } from './interfaces.js'
import type { DefaultRoute, Device, Kernel } from './kernel.js'
import { globMatcher } from './statements.js'

/** One interface with all that is known of it; a stanza, a route of the kernel, or both. */
export interface Uplink {
  readonly name: string
  readonly stanza?: Stanza | undefined
  readonly gateway?: string | undefined
  /** the kernel's best default route by this device: main's before other tables' */
  readonly route?: DefaultRoute | undefined
  readonly device?: Device | undefined
}

/** Methods of ifupdown that get their way out from the other end. */
export const asksProvider = new Set(['dhcp', 'bootp', 'ppp', 'wvdial'])

/**
 * Interfaces that are, or could be, ways out: the kernel's first choice first, then in the order of the
 * stanzas.
 */
export function findUplinks(interfaces: Interfaces, kernel: Kernel): Uplink[] {
  const inet = interfaces.stanzas.filter(
    ({ family, name }) => family === 'inet' && name !== 'lo' && !name.includes(':'),
  )
  const dialled = inet.filter(isDialled)
  const stanzas = inet.flatMap((stanza) =>
    (isDialled(stanza) ? [nameDialled(stanza, dialled)] : namesOf(stanza, interfaces, kernel)).map(
      (name) => ({ name, stanza }),
    ),
  )
  const names = new Set([
    ...stanzas.map(({ name }) => name),
    ...mainDefaults(kernel).map(({ device }) => device),
  ])
  const uplinks = [...names].flatMap((name) => {
    const own = stanzas.filter((each) => each.name === name).map(({ stanza }) => stanza)
    const uplink = describe(name, own, kernel)
    return isPossible(uplink) ? [uplink] : []
  })
  return uplinks.sort((a, b) => preference(a, kernel) - preference(b, kernel))
}

/** Whether it is a way out as far as anyone can tell; the others may be local networks. */
export function isWayOut({ stanza, gateway, route, device }: Uplink): boolean {
  if (!stanza && isTunnel(device)) return false
  return gateway !== undefined || route !== undefined || asksProvider.has(stanza?.method ?? '')
}

/** A tunnel needs a way out itself: balancing over it and beside it is for the admin to decide. */
export function isTunnel(device: Device | undefined): boolean {
  return ['wireguard', 'tun', 'gre', 'gretap', 'ipip', 'sit', 'vti', 'xfrm'].includes(device?.kind ?? '')
}

export function mainDefaults(kernel: Kernel): DefaultRoute[] {
  return kernel.defaults.filter(({ table }) => table === 'main')
}

function isPossible(uplink: Uplink): boolean {
  return isWayOut(uplink) || uplink.stanza?.method === 'static' || isTunnel(uplink.device)
}

function preference(uplink: Uplink, kernel: Kernel): number {
  const at = mainDefaults(kernel).findIndex(({ device }) => device === uplink.name)
  return at < 0 ? Infinity : at
}

function describe(name: string, stanzas: readonly Stanza[], kernel: Kernel): Uplink {
  const routes = kernel.defaults.filter(({ device }) => device === name)
  const stanza =
    stanzas.find(({ options }) => options.has('gateway')) ??
    stanzas.find(({ method }) => asksProvider.has(method)) ??
    stanzas[0]
  return {
    name,
    stanza,
    gateway: stanza?.options.get('gateway'),
    route: routes.find(({ table }) => table === 'main') ?? routes[0],
    device: kernel.devices.find((device) => device.name === name),
  }
}

function isDialled({ method }: Stanza): boolean {
  return method === 'ppp' || method === 'wvdial'
}

/** A stanza that dials may have any name; pppd's interface is ppp and its unit, or the next number. */
function nameDialled(stanza: Stanza, dialled: readonly Stanza[]): string {
  const unit = stanza.options.get('unit')
  if (unit !== undefined) return `ppp${unit}`
  return /^ppp\d+$/.test(stanza.name) ? stanza.name : `ppp${dialled.indexOf(stanza)}`
}

/** The interfaces a stanza is for: usually the one it names. */
function namesOf({ name }: Stanza, interfaces: Interfaces, kernel: Kernel): string[] {
  if (!interfaces.logical.has(name)) return [name]
  const physical = interfaces.selected
    .filter((word) => word === name || word.endsWith(`=${name}`))
    .map((word) => word.split('=')[0] ?? '')
  const present = kernel.devices.map((device) => device.name)
  return [...new Set([...physical, ...present.filter((device) => device === name)])].flatMap((word) =>
    word.startsWith('/') ? present.filter(globMatcher(word.slice(1))) : [word],
  )
}
