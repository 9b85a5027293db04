// Config -> Plan: every mark, table, priority, share and slot, worked out once.

import type { Config, LinkConfig } from '../config/config.js'
import { formatFwmark, markOf, probeMark } from './marks.js'
import type { Numbers } from './numbers.js'
import { numberLinks } from './numbers.js'
import type { Plan, PlannedLink, PlannedRule } from './plan.js'
import { reduceWeights, spreadSlots } from './slots.js'

/** The probe's lookup stands right before main (32766), where an unmarked packet would find main's default. */
const probePriority = 32765
/** Fallback rules follow main (32766) and default (32767). */
const fallbackPriority = 32800
/** Next hops that tell: class E (RFC 1112, section 4) is never a gateway's address. N is added for link number N. */
const probeNexthopBase = 240 * 2 ** 24
/** Fixed, so that an address pair keeps its link over restarts; the value itself means nothing ("mlnk"). */
const hashSeed = 0x6d6c6e6b

/** The plan and the numbers to remember. Same config and numbers in, same plan out. */
export function buildPlan(config: Config, remembered: Numbers): { plan: Plan; numbers: Numbers } {
  const numbers = numberLinks(
    config.links.map((link) => link.name),
    remembered,
    config.markMask,
  )
  const reduced = reduceWeights(config.links.map((link) => link.weight))
  const total = reduced.reduce((sum, weight) => sum + weight, 0)
  const links = config.links.map((link, index) => planLink(config, link, index, numbers, (reduced[index] ?? 0) / total))
  const slots = spreadSlots(config.links.map((link) => link.weight)).map((index) => config.links[index]?.name ?? '')
  const probe = {
    mark: probeMark(config.markMask),
    table: config.tableBase,
    nexthop: formatAddress(probeNexthopBase),
  }
  const plan: Plan = {
    config: config.file,
    method: config.method,
    helpers: config.helpers,
    mask: config.markMask,
    probe,
    hashSeed,
    fallback: config.fallback,
    links,
    slots: links.length === 0 ? [] : slots,
    rules: planRules(config, links, probe),
    bypass: config.bypass,
  }
  return { plan, numbers }
}

function planLink(config: Config, link: LinkConfig, index: number, numbers: Numbers, share: number): PlannedLink {
  const number = numbers.get(link.name) ?? 0
  return {
    ...link,
    number,
    mark: markOf(number, config.markMask),
    table: config.tableBase + number,
    // 0 and 1 after rule_priority are main's rule and the probe's.
    rulePriority: config.rulePriority + 2 + index,
    fallbackPriority: fallbackPriority + index,
    probeNexthop: formatAddress(probeNexthopBase + number),
    share,
  }
}

function planRules(config: Config, links: readonly PlannedLink[], probe: Plan['probe']): PlannedRule[] {
  if (links.length === 0) return []
  const first = config.rulePriority
  const last = first + 2 + links.length
  const ours = `not fwmark ${formatFwmark(0, config.markMask)}`
  const probing = `fwmark ${formatFwmark(probe.mark, config.markMask)}`
  return [
    {
      priority: first,
      selector: ours,
      action: 'lookup 254 suppress_prefixlength 0',
      why: 'a connected or static route in main wins over a link, its default routes do not',
    },
    {
      priority: first + 1,
      selector: probing,
      action: `goto ${last + 1}`,
      why: 'the probe skips the links and goes where an unmarked packet would go',
    },
    ...links.map((link) => ({
      priority: link.rulePriority,
      selector: `fwmark ${formatFwmark(link.mark, config.markMask)}`,
      action: `lookup ${link.table}`,
      why: `what is pinned to ${link.name} leaves by its table`,
    })),
    {
      priority: last,
      selector: ours,
      action: 'unreachable',
      why: 'a pinned packet whose link has no route never leaves by another link',
    },
    { priority: last + 1, selector: '', action: 'nop', why: 'where the probe lands' },
    {
      priority: probePriority,
      selector: probing,
      action: `lookup ${probe.table}`,
      why: 'in the place of main\'s default: next hops that tell what would have taken it',
    },
    ...(config.fallback
      ? links.map((link) => ({
          priority: link.fallbackPriority,
          selector: '',
          action: `lookup ${link.table}`,
          why: `a default by ${link.name} when main has none`,
        }))
      : []),
  ]
}

function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
}
