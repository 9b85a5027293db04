// Config -> Plan: every mark, table, priority, share and slot, worked out once.

import type { Config, LinkConfig } from '../config/config.js'
import { linkLimit, ruleSpan } from '../config/numbering.js'
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
    linkLimit(config),
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
    // By number, like mark and table: a rule never moves while its link is there. Before it: main's and the probe's.
    rulePriority: config.rulePriority + 1 + number,
    fallbackPriority: fallbackPriority + index,
    probeNexthop: formatAddress(probeNexthopBase + number),
    share,
  }
}

/**
 * Where each rule stands depends on no other link, so that old and new rules can stand side by side while links come
 * and go: the last ones leave room for every number. (The kernel takes two `goto` of one priority for the same rule.)
 */
function planRules(config: Config, links: readonly PlannedLink[], probe: Plan['probe']): PlannedRule[] {
  if (links.length === 0) return []
  const fwmark = (mark: number) => `fwmark ${formatFwmark(mark, config.markMask)}`
  const last = config.rulePriority + ruleSpan - 1
  return [
    {
      priority: config.rulePriority,
      selector: `not ${fwmark(0)}`,
      action: 'lookup 254 suppress_prefixlength 0',
      why: 'a connected or static route in main wins over a link, its default routes do not',
    },
    {
      priority: config.rulePriority + 1,
      selector: fwmark(probe.mark),
      action: `goto ${last}`,
      why: 'the probe passes the links by and goes where an unmarked packet would go',
    },
    ...[...links]
      .sort((a, b) => a.number - b.number)
      .map((link) => ({
        priority: link.rulePriority,
        selector: fwmark(link.mark),
        action: `lookup ${link.table}`,
        why: `what is pinned to ${link.name} leaves by its table`,
      })),
    {
      priority: last - 1,
      selector: `not ${fwmark(0)}`,
      action: 'unreachable',
      why: 'a pinned packet whose link has no route never leaves by another link',
    },
    { priority: last, selector: '', action: 'nop', why: 'where the probe goes on' },
    {
      priority: probePriority,
      selector: fwmark(probe.mark),
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
