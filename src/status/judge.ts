// In: what is known of a link in one family. Out: how it is there. Pure.

import type { Family } from '../config/addresses.js'
import { familyOf } from '../plan/families.js'
import type { AppliedLink } from './applied.js'
import type { DeviceStatus, Table } from './kernel.js'
import type { FamilyRecords } from './records.js'
import type { FamilyStatus, HealthStatus } from './status.js'

export interface Kernel {
  readonly table: Table | undefined
  /** by family: routing table -> gateway of its default route */
  readonly gateways: Readonly<Record<Family, ReadonlyMap<number, string | null>>>
  readonly devices: ReadonlyMap<string, DeviceStatus>
  readonly open: ReadonlyMap<number, number> | undefined
  readonly ipv6: boolean
  /** whether the monitor runs, and with it the probers */
  readonly monitor: boolean
}

/** Of all links. */
export interface Whole {
  readonly links: readonly AppliedLink[]
  readonly kernel: Kernel
  readonly stopped: boolean
}

export function describeFamily(link: AppliedLink, family: Family, records: FamilyRecords, whole: Whole): FamilyStatus {
  const { table, gateways } = whole.kernel
  const configured = family === 4 ? link.gateway : link.gateway6
  const routed = gateways[family].get(link.table)
  return {
    ...judgeState(link, family, records, whole),
    gateway: routed === undefined ? (configured === 'auto' ? (records.gateway ?? null) : configured) : routed,
    standby: isUsable(link, family, table) && link.tier > findTier(family, whole),
    held: records.held && table?.ways[family].get(link.mark) === 'hold',
    health: judgeHealth(link, family, records, whole.kernel),
  }
}

/** The kernel's word comes before the records': it is what packets obey. */
function judgeState(
  link: AppliedLink,
  family: Family,
  records: FamilyRecords,
  { kernel, stopped }: Whole,
): Pick<FamilyStatus, 'state' | 'reason'> {
  const { name, mark } = link
  if (!kernel.table) {
    if (records.takenDown) return { state: 'down', reason: 'taken down by ifdown' }
    return { state: 'out', reason: stopped ? 'multilink is stopped' : 'multilink is not loaded' }
  }
  if (isUsable(link, family, kernel.table)) {
    const device = kernel.devices.get(name)
    const trouble = device ? device.trouble : 'its interface is gone'
    // Without the monitor nothing tells when an interface is set down by hand, or its cable is pulled.
    return { state: 'up', reason: trouble === undefined ? null : `in the balance, but ${trouble}` }
  }
  if (records.takenDown) return { state: 'down', reason: records.reason ?? 'taken down by ifdown' }
  if (kernel.table.ways[family].get(mark) === undefined)
    return { state: 'out', reason: "the table that is loaded does not know it; run 'multilink apply'" }
  if (family === 6 && !kernel.ipv6) return { state: 'out', reason: 'IPv6 is off on this machine' }
  return { state: 'out', reason: records.reason ?? `not brought up; run 'ifup ${name}'` }
}

function isUsable({ name, mark }: AppliedLink, family: Family, table: Table | undefined): boolean {
  const way = table?.ways[family].get(mark)
  return way === `keep_${name}` || way === 'pin'
}

/** The tier that is chosen from: the lowest with a usable link. */
function findTier(family: Family, { links, kernel }: Whole): number {
  return Math.min(...links.filter((link) => isUsable(link, family, kernel.table)).map(({ tier }) => tier))
}

/**
 * A family without targets of its own follows the other's verdict, or the command's: it has no figures. Nor are there
 * any where nothing is probed now: those recorded are old.
 */
function judgeHealth(
  { check, checkCommand, table }: AppliedLink,
  family: Family,
  { verdict, figures }: FamilyRecords,
  { gateways, monitor }: Kernel,
): HealthStatus | null {
  if (check.length === 0 && checkCommand === '') return null
  const isProbed =
    monitor && gateways[family].has(table) && (check === 'gateway' || check.some((one) => familyOf(one) === family))
  return {
    verdict: verdict ? (verdict.up ? 'up' : 'down') : null,
    reason: verdict?.up === false ? verdict.reason : null,
    loss: isProbed && figures ? figures.loss : null,
    rtt: isProbed && figures ? figures.rtt : null,
  }
}
