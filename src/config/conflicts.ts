// Keys that are right each by itself, in; a finding for each two that contradict each other, out.

import type * as v from 'valibot'
import { parseAddress, type Family } from './addresses.js'
import type { ReadLink } from './links.js'
import type { checkSchema, topSchema } from './schema.js'
import { lineOf, type Finding } from './source.js'
import { shown } from './table.js'
import type { Node, TableNode } from './tree.js'

export interface Settings {
  readonly root: TableNode
  readonly top: Partial<v.InferOutput<typeof topSchema>>
  readonly links: readonly ReadLink[]
  readonly check: Partial<v.InferOutput<typeof checkSchema>>
}

/** Refuses what one key of a link says against another, or against the top of the file or [check]. */
export function refuseConflicts(settings: Settings, text: string, findings: Finding[]): void {
  for (const link of settings.links) {
    refuseBackupWithTier(link, text, findings)
    refuseIPv6Without(link, settings, text, findings)
    refuseQuorum(link, settings, text, findings)
  }
}

function refuseBackupWithTier({ name, table }: ReadLink, text: string, findings: Finding[]): void {
  const found = ['backup', 'tier'].flatMap((key) => table.entries.get(key) ?? []).sort((a, b) => a.at - b.at)
  const [first, second] = found
  if (first === undefined || second === undefined) return
  const message = `link ${name}: "backup" and "tier" are both set (the first in line ${lineOf(text, first.at)}); ` +
    'keep one: backup = true is tier = 1'
  findings.push({ at: second.at, message })
}

/** Where the link's IPv6 is off, nothing of the link can be IPv6. */
function refuseIPv6Without(
  { name, table, values }: ReadLink,
  { root, top }: Settings,
  text: string,
  findings: Finding[],
): void {
  if (values.ipv6 ?? top.ipv6 ?? true) return
  const off = table.entries.get('ipv6') ?? root.entries.get('ipv6')
  const why = `ipv6 = false ${off === undefined ? '' : `(line ${lineOf(text, off.at)}) `}leaves this link without it`
  const gateway6 = table.entries.get('gateway6')
  if (gateway6 !== undefined && values.gateway6 !== undefined) refuse('gateway6', gateway6.node)
  for (const [key, what] of [['networks', 'network'], ['check', 'check target']] as const) {
    const node = table.entries.get(key)?.node
    for (const item of node?.kind === 'list' ? node.items : []) {
      if (familyOfItem(item) === 6) refuse(what, item)
    }
  }

  function refuse(what: string, node: Node): void {
    const message = `link ${name}: ${what}${shown(node)} is for IPv6, and ${why}; drop one of them`
    findings.push({ at: node.at, message })
  }
}

/** A quorum that cannot be had would keep the link out for ever. It counts within a family, as usability does. */
function refuseQuorum(
  { name, table, values }: ReadLink,
  { root, check }: Settings,
  text: string,
  findings: Finding[],
): void {
  const { quorum = 1 } = check
  const node = table.entries.get('check')?.node
  if (values.check === undefined || node === undefined) return
  const section = root.entries.get('check')?.node
  const entry = section?.kind === 'table' ? section.entries.get('quorum') : undefined
  const where = `the quorum is ${quorum} (line ${lineOf(text, entry?.at ?? 0)})`
  const targets = [...new Set(values.check === 'gateway' ? [] : values.check)].map((target) => parseAddress(target))
  const counts = ([4, 6] as const)
    .map((family) => ({ family, count: targets.filter((target) => target?.family === family).length }))
    .filter(({ count }) => count > 0 && count < quorum)
    .map(({ family, count }) => `has ${count} IPv${family} target${count === 1 ? '' : 's'}`)
  if (values.check === 'gateway' && quorum > 1) counts.push('is one target for each family')
  for (const count of counts) {
    const message = `link ${name}: check ${count}, and ${where}; add targets or lower the quorum`
    findings.push({ at: node.at, message })
  }
}

function familyOfItem(node: Node): Family | undefined {
  if (node.kind !== 'value' || typeof node.value !== 'string') return undefined
  return parseAddress(node.value.replace(/\/.*/s, ''))?.family
}
