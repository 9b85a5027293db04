// In: one way out and those before it. Out: what in its stanza would keep it from working beside them,
// and what to do. Pure.

import { readGateway } from '../config/gateway.js'
import type { Uplink } from './uplinks.js'

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
