// Config -> Plan: every mark, table, priority, share and slot, worked out once.

import { formatAddress } from '../config/addresses.js'
import type { CheckConfig, Config, LinkConfig } from '../config/config.js'
import { probeNexthops6 } from '../config/machines.js'
import { linkLimit, ruleSpan } from '../config/numbering.js'
import { formatFwmark, markOf, probeMark } from './marks.js'
import type { Numbers } from './numbers.js'
import { numberLinks } from './numbers.js'
import type { Plan, PlannedCheck, PlannedLink, PlannedRule } from './plan.js'
import { reduceWeights, spreadSlots } from './slots.js'
import { lowestTier, rankLinks } from './tiers.js'

/** The probe's lookup stands right before main (32766), where an unmarked packet would find main's default. */
const probePriority = 32765
/** Fallback rules follow main (32766) and default (32767). */
const fallbackPriority = 32800
/**
 * Next hops that tell: class E (RFC 1112, section 4) is never a gateway's address; in IPv6, link-local ones that
 * the config refuses as a gateway's. N is added for link number N.
 */
const probeNexthopBase = 240n << 24n
/** A probe is waited for this many seconds: a satellite takes 0.6, and what takes longer is of no use. */
const longestTimeout = 1
/** Fixed, so that an address pair keeps its link over restarts; the value itself means nothing ("mlnk"). */
const hashSeed = 0x6d6c6e6b

/** The plan and the numbers to remember. Same config and numbers in, same plan out. */
export function buildPlan(config: Config, remembered: Numbers): { plan: Plan; numbers: Numbers } {
  const numbers = numberLinks(
    config.links.map((link) => link.name),
    remembered,
    linkLimit(config),
  )
  const { links: configured } = config
  const used = configured.filter(({ tier }) => tier === lowestTier(configured))
  const reduced = reduceWeights(used.map(({ weight }) => weight))
  const total = reduced.reduce((sum, weight) => sum + weight, 0)
  const ranks = rankLinks(configured)
  const links = configured.map((link, index) => {
    const share = (reduced[used.indexOf(link)] ?? 0) / total
    return planLink(config, link, ranks[index] ?? 0, numbers.get(link.name) ?? 0, share)
  })
  const slots = spreadSlots(used.map(({ weight }) => weight)).map((index) => used[index]?.name ?? '')
  const probe = { mark: probeMark(config.markMask), table: config.tableBase, ...tellTale(0) }
  const plan: Plan = {
    config: config.file,
    method: config.method,
    helpers: config.helpers,
    mask: config.markMask,
    probe,
    hashSeed,
    fallback: config.fallback,
    ipv6: links.some((link) => link.ipv6),
    udpAnswers: config.udpAnswers,
    check: planCheck(config.check),
    links,
    slots: links.length === 0 ? [] : slots,
    rules: planRules(config, links, probe),
    bypass: config.bypass,
  }
  return { plan, numbers }
}

function planLink(config: Config, link: LinkConfig, rank: number, number: number, share: number): PlannedLink {
  const { nexthop, nexthop6 } = tellTale(number)
  return {
    ...link,
    number,
    mark: markOf(number, config.markMask),
    table: config.tableBase + number,
    // By number, like mark and table: a rule never moves while its link is there. Before it: main's and the probe's.
    rulePriority: config.rulePriority + 1 + number,
    fallbackPriority: fallbackPriority + rank,
    probeNexthop: nexthop,
    probeNexthop6: nexthop6,
    share,
  }
}

/** Fast checks wait less than a round takes: no answer is counted for another round, and a loss is known early. */
function planCheck(check: CheckConfig): PlannedCheck {
  const { interval, ...more } = check
  return { interval, timeout: interval >= 0.5 ? longestTimeout : Math.round(interval * 750) / 1000, ...more }
}

/** The next hops that tell a link in the probe table; number 0: no link. */
function tellTale(number: number): { nexthop: string; nexthop6: string } {
  return {
    nexthop: formatAddress({ family: 4, value: probeNexthopBase + BigInt(number) }),
    nexthop6: formatAddress({ family: 6, value: probeNexthops6 + BigInt(number) }),
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
    ...byPreference(links).map((link) => ({
      priority: link.fallbackPriority,
      selector: config.fallback ? '' : `oif ${link.name}`,
      action: `lookup ${link.table}`,
      why: config.fallback
        ? `a default by ${link.name} when main has none`
        : `a default for what is bound to ${link.name} when main has none over it`,
    })),
  ]
}

function byPreference(links: readonly PlannedLink[]): PlannedLink[] {
  return [...links].sort((a, b) => a.fallbackPriority - b.fallbackPriority)
}
