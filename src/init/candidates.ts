// In: the possible ways out. Out: a [link] section for each, with what an admin should know about it. Pure.

import { isInterfaceName } from '../config/names.js'
import type { Kernel } from './kernel.js'
import { asksProvider, isTunnel, isWayOut, mainDefaults, type Uplink } from './uplinks.js'
import { spellGateway, warnOfSecondGateway } from './warnings.js'

/** One [link.NAME] of the config to be. */
export interface Candidate {
  readonly name: string
  /** false: written as a comment, for the admin to decide */
  readonly active: boolean
  readonly gateway: string
  /** its gateway is asked whether it answers: what is dialled or leased is somebody else's to keep up */
  readonly checked: boolean
  /** paragraphs that stand above it */
  readonly remarks: readonly string[]
  /** what must be mended outside multilink.conf; for stderr, each one line */
  readonly warnings: readonly string[]
}

/** Judges each; `uplinks` are in order of preference, so the first of two in conflict keeps what it has. */
export function listCandidates(uplinks: readonly Uplink[], kernel: Kernel): Candidate[] {
  const named = uplinks.filter(({ name }) => isInterfaceName(name))
  const candidates = named.map((uplink, at) => judge(uplink, named.slice(0, at).filter(isWayOut), kernel))
  return [...candidates.filter(({ active }) => active), ...candidates.filter(({ active }) => !active)]
}

function judge(uplink: Uplink, before: readonly Uplink[], kernel: Kernel): Candidate {
  const { name, stanza, gateway, route, device } = uplink
  const origin = `${name}: ${describeOrigin(uplink, kernel)}`
  const checked = asksProvider.has(stanza?.method ?? '')
  if (!isWayOut(uplink)) {
    const why = isTunnel(device)
      ? 'A tunnel, which needs a way out itself, so it is left out. To balance over it too, take the # away:'
      : 'Its stanza names no gateway, so it may be a local network and is left out. If there is a way out' +
        ' behind it, write its gateway and take the # away:'
    const known = isTunnel(device) ? 'auto' : '...'
    return { name, active: false, gateway: known, checked, remarks: [origin, why], warnings: [] }
  }
  const warned = warnOfSecondGateway(uplink, before)
  if (warned) return { name, active: true, ...warned, checked, remarks: [origin, ...warned.remarks] }
  // a default route in a table of somebody else's is not where "auto" looks
  const elsewhere = gateway === undefined && route !== undefined && route.table !== 'main'
  const absent = device ? [] : ['The kernel has no such device now.']
  const remarks = [
    origin,
    ...(stanza
      ? absent
      : ['ifupdown has no stanza for it; multilink-monitor.service sees it come and go.']),
  ]
  const spelt = spellGateway(elsewhere ? route.gateway : undefined)
  return { name, active: true, gateway: spelt, checked, remarks, warnings: [] }
}

function describeOrigin({ name, stanza, gateway, route, device }: Uplink, kernel: Kernel): string {
  const parts = [stanza ? `${stanza.method} in ${stanza.file}:${stanza.line}` : 'known to the kernel only']
  if (stanza && stanza.name !== name) parts.push(`stanza ${stanza.name}`)
  const address = device?.addresses[0] ?? stanza?.options.get('address')
  if (address !== undefined) parts.push(address)
  if (gateway !== undefined) parts.push(`gateway ${gateway}`)
  if (route) {
    const first = mainDefaults(kernel)[0]?.device === name
    parts.push(first ? "has the kernel's first default route" : `has a default route in table ${route.table}`)
    if (route.gateway !== undefined && route.gateway !== gateway) parts.push(`via ${route.gateway}`)
  }
  return `${parts.join(', ')}.`
}
