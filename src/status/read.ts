// In: a root with what was applied and recorded, and the running kernel. Out: the Status. Changes nothing.

import { formatMark } from '../plan/marks.js'
import { readApplied, type AppliedLink } from './applied.js'
import { describeFamily, type Whole } from './judge.js'
import { countOpen, hasIpv6, readDevices, readGateways, readTable } from './kernel.js'
import { isMonitorRunning } from './monitor.js'
import { readFamilyRecords, readRecords } from './records.js'
import type { LinkStatus, Status } from './status.js'

/**
 * What runs now; the kernel asked is the running one, whatever the root. Throws SystemError without root's
 * rights.
 */
export async function readStatus(root: string): Promise<Status> {
  const [applied, { stopped, since }, ipv6] = await Promise.all([readApplied(root), readRecords(root), hasIpv6()])
  const plan = applied?.plan
  const [table, gateways4, gateways6, devices, open, monitor] = await Promise.all([
    readTable(),
    readGateways(4),
    ipv6 ? readGateways(6) : new Map<number, string | null>(),
    readDevices(),
    plan ? countOpen(plan.mask, ipv6 ? [4, 6] : [4]) : undefined,
    isMonitorRunning(root),
  ])
  const links = plan?.links ?? []
  const kernel = { table, gateways: { 4: gateways4, 6: gateways6 }, devices, open, ipv6, monitor }
  return {
    schema: 1,
    loaded: table !== undefined,
    stopped,
    since: table ? (since?.toISOString() ?? null) : null,
    generation: applied?.generation ?? null,
    config: plan?.config ?? null,
    configNewer: applied?.configNewer ?? false,
    method: plan?.method ?? null,
    monitor,
    offload: table && plan?.offload === true ? table.offloads : null,
    bypass: { ipv4: table?.bypass[4] ?? null, ipv6: table?.bypass[6] ?? null },
    links: await Promise.all(links.map((link) => describeLink(link, root, { links, kernel, stopped }))),
  }
}

async function describeLink(link: AppliedLink, root: string, whole: Whole): Promise<LinkStatus> {
  const { name, number, mark, table, weight, tier, share, isDefault } = link
  const { open, devices, table: loaded } = whole.kernel
  const counted = loaded?.counters
  const chosen = (of: string) => counted?.get(`chosen_${of}`) ?? 0
  const total = whole.links.reduce((sum, each) => sum + chosen(each.name), 0)
  const [records4, records6] = await Promise.all([readFamilyRecords(root, name, 4), readFamilyRecords(root, name, 6)])
  return {
    name,
    number,
    mark: formatMark(mark),
    table,
    ...describeFamily(link, 4, records4, whole),
    ipv6: link.ipv6 ? describeFamily(link, 6, records6, whole) : null,
    default: isDefault,
    weight,
    tier,
    share,
    given: counted ? { connections: chosen(name), share: total > 0 ? chosen(name) / total : null } : null,
    connections: counted ? (counted.get(`connections_${name}`) ?? 0) : null,
    open: open ? (open.get(mark) ?? 0) : null,
    bytes: devices.get(name)?.bytes ?? null,
  }
}
