// The settings that links are numbered from, and the links, in; a finding where there are more links
// than one of the settings has room for, out.

import type * as v from 'valibot'
import type { ReadLink } from './links.js'
import { linksOfMask, linksOfPriority, linksOfTables, mostLinks, treeSpan, treeStart } from './numbering.js'
import type { topSchema } from './schema.js'
import type { Finding } from './source.js'
import type { TableNode } from './tree.js'

const ruleRoom = treeStart + treeSpan

/** Refuses more links than there are marks, tables or priorities for. */
export function refuseTooMany(
  root: TableNode,
  top: Partial<v.InferOutput<typeof topSchema>>,
  links: readonly ReadLink[],
  findings: Finding[],
): void {
  const count = links.length
  const bits = Math.ceil(Math.log2(count + 2))
  const { mark_mask: mask, table_base: base, rule_priority: priority } = top
  if (count > mostLinks) {
    const message = `there are ${count} links; at most ${mostLinks} are possible`
    findings.push({ at: links[mostLinks]?.at ?? 0, message })
    return
  }
  refuse('mark_mask', mask, linksOfMask, `use a run of at least ${bits} bits`)
  refuse('rule_priority', priority, linksOfPriority, `more need ${ruleRoom} priorities before 32764`)
  refuse('table_base', base, linksOfTables, 'the kernel\'s own tables begin at 252; use 256 or more')

  type RoomOf = (value: number) => number
  function refuse(key: string, value: number | undefined, roomOf: RoomOf, advice: string): void {
    const room = value === undefined ? count : roomOf(value)
    if (room >= count) return
    const node = root.entries.get(key)?.node
    const at = node?.at ?? links[room]?.at ?? 0
    const written = key === 'mark_mask' ? `0x${value?.toString(16)}` : String(value)
    const raw = node?.kind === 'value' ? node.raw : written
    const fit = room === 1 ? '1 link' : `${room} links`
    const message = `${key} ${raw} has room for ${fit}, and there are ${count}; ${advice}`
    findings.push({ at, message })
  }
}
