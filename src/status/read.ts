// In: a root with what was applied and recorded, and the running kernel. Out: the Status. Changes nothing.

import { formatMark } from '../plan/marks.js'
import { readApplied, readLinkRecords, readRecords, type AppliedPlan, type LinkRecords } from './applied.js'
import { countOpen, readDevices, readGateways, readTable, type DeviceStatus, type Table } from './kernel.js'
import type { LinkState, LinkStatus, Status } from './status.js'

interface Kernel {
  readonly table: Table | undefined
  readonly gateways: ReadonlyMap<number, string | null>
  readonly devices: ReadonlyMap<string, DeviceStatus>
  readonly open: ReadonlyMap<number, number> | undefined
}

/**
 * What runs now; the kernel asked is the running one, whatever the root. Throws SystemError without root's
 * rights.
 */
export async function readStatus(root: string): Promise<Status> {
  const [applied, { stopped, since }] = await Promise.all([readApplied(root), readRecords(root)])
  const plan = applied?.plan
  const [table, gateways, devices, open] = await Promise.all([
    readTable(),
    readGateways(),
    readDevices(),
    plan ? countOpen(plan.mask) : undefined,
  ])
  const kernel = { table, gateways, devices, open }
  const links = plan?.links ?? []
  return {
    schema: 1,
    loaded: table !== undefined,
    stopped,
    since: table ? (since?.toISOString() ?? null) : null,
    generation: applied?.generation ?? null,
    config: plan?.config ?? null,
    configNewer: applied?.configNewer ?? false,
    method: plan?.method ?? null,
    links: await Promise.all(
      links.map(async (link) =>
        describeLink(link, links, await readLinkRecords(root, link.name), kernel, stopped),
      ),
    ),
  }
}

type AppliedLink = AppliedPlan['links'][number]

function describeLink(
  link: AppliedLink,
  all: readonly AppliedLink[],
  records: LinkRecords,
  kernel: Kernel,
  stopped: boolean,
): LinkStatus {
  const { name, number, mark, table, weight, share, isDefault } = link
  const counted = kernel.table?.counters
  const chosen = (of: string) => counted?.get(`chosen_${of}`) ?? 0
  const total = all.reduce((sum, each) => sum + chosen(each.name), 0)
  const known = link.gateway === 'auto' ? (records.gateway ?? null) : link.gateway
  const routed = kernel.gateways.get(table)
  return {
    name,
    number,
    mark: formatMark(mark),
    table,
    ...judge(link, records, kernel, stopped),
    gateway: routed === undefined ? known : routed,
    default: isDefault,
    weight,
    share,
    given: counted ? { connections: chosen(name), share: total > 0 ? chosen(name) / total : null } : null,
    connections: counted ? (counted.get(`connections_${name}`) ?? 0) : null,
    open: kernel.open ? (kernel.open.get(mark) ?? 0) : null,
    bytes: kernel.devices.get(name)?.bytes ?? null,
  }
}

/** The kernel's word comes before the records': it is what packets obey. */
function judge(
  { name, mark }: AppliedLink,
  records: LinkRecords,
  { table, devices }: Kernel,
  stopped: boolean,
): { state: LinkState; reason: string | null } {
  if (!table) {
    if (records.takenDown) return { state: 'down', reason: 'taken down by ifdown' }
    return { state: 'out', reason: stopped ? 'multilink is stopped' : 'multilink is not loaded' }
  }
  const way = table.ways.get(mark)
  if (way === `keep_${name}` || way === `pin_${name}`) {
    const device = devices.get(name)
    const trouble = device ? device.trouble : 'its interface is gone'
    // No hook tells when an interface is set down by hand, or its cable is pulled.
    return { state: 'up', reason: trouble === undefined ? null : `in the balance, but ${trouble}` }
  }
  if (records.takenDown) return { state: 'down', reason: records.reason ?? 'taken down by ifdown' }
  if (way === undefined)
    return { state: 'out', reason: "the table that is loaded does not know it; run 'multilink apply'" }
  return { state: 'out', reason: records.reason ?? `not brought up; run 'ifup ${name}'` }
}
