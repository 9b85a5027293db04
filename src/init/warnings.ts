// In: one way out and those before it. Out: what in its stanza would keep it from working beside them,
// and what to do. Pure.

import { readGateway } from '../config/gateway.js'
import type { Uplink } from './uplinks.js'

/** What was leased last, by interface: the routers that dhclient's files name. */
export type LeasedGateways = ReadonlyMap<string, string>

/** What the config takes for a gateway; "auto" for want of an address. */
export function spellGateway(gateway: string | undefined): string {
  const read = readGateway(gateway ?? 'auto')
  return 'value' in read ? read.value : 'auto'
}

export interface Warned {
  gateway: string
  remarks: string[]
  warnings: string[]
}

/** Two static gateways of one metric: the second route is refused, "File exists", and that ifup fails. */
export function warnOfSecondGateway(
  { name, stanza, gateway }: Uplink,
  before: readonly Uplink[],
): Warned | undefined {
  if (!stanza || gateway === undefined || stanza.method === 'dhcp') return undefined
  const metric = stanza.options.get('metric') ?? '0'
  const first = before.find(
    (other) =>
      other.gateway !== undefined &&
      other.stanza?.method !== 'dhcp' &&
      (other.stanza?.options.get('metric') ?? '0') === metric,
  )
  if (!first?.stanza) return undefined
  const where = `${stanza.file}:${stanza.line}`
  const what =
    metric === '0'
      ? 'a second static gateway without a metric'
      : `a second static gateway with metric ${metric}`
  return {
    gateway: spellGateway(gateway),
    remarks: [
      `WARNING: ${what} (the first is ${first.name}'s) makes ifup ${name} fail with "File exists". Remove` +
        ` the line "gateway ${gateway}" from ${where}: the gateway is named here.`,
    ],
    warnings: [
      `${where}: ${name}: ${what}, after ${first.name}'s, makes ifup fail with "File exists"; remove the` +
        ` line "gateway ${gateway}" from this stanza, its gateway is now in multilink.conf`,
    ],
  }
}

/** dhclient: the second lease without a metric gets no default route, and then nobody knows its gateway. */
export function warnOfSecondLease(
  uplink: Uplink,
  before: readonly Uplink[],
  leased: LeasedGateways,
): Warned | undefined {
  const { name, stanza, route, device } = uplink
  if (stanza?.method !== 'dhcp' || route || stanza.options.has('metric')) return undefined
  if (!device?.addresses.length || before.length === 0) return undefined
  const where = `${stanza.file}:${stanza.line}`
  const lease = leased.get(name)
  const line = `"metric ${100 * (before.length + 1)}"`
  const meanwhile = lease === undefined ? '' : ' and write "auto" here; this is its lease\'s'
  return {
    gateway: spellGateway(lease),
    remarks: [
      'WARNING: it has an address but no default route: dhclient gives none to a second interface without a' +
        ` metric. So that its gateway is known, add a line ${line} to ${where}${meanwhile}.`,
    ],
    warnings: [
      `${where}: ${name}: it has an address but no default route, as dhclient gives none to a second` +
        ` interface without a metric; add a line ${line} to this stanza`,
    ],
  }
}
