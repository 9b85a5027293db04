// Config -> Plan: every mark, table, priority, share and slot, worked out once.

import { formatAddress } from '../config/addresses.js'
import type { CheckConfig, Config, LinkConfig } from '../config/config.js'
import { probeNexthops6 } from '../config/machines.js'
import { linkLimit } from '../config/numbering.js'
import { markOf, probeMark } from './marks.js'
import type { Numbers } from './numbers.js'
import { numberLinks } from './numbers.js'
import type { Plan, PlannedCheck, PlannedLink } from './plan.js'
import { fallbackStart, leafPriority, planCommonTable, planRules } from './rules.js'
import { reduceWeights, spreadSlots } from './slots.js'
import { lowestTier, rankLinks } from './tiers.js'

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
    commonTable: planCommonTable(config),
    ipv6: links.some((link) => link.ipv6),
    udpAnswers: config.udpAnswers,
    offload: config.offload,
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
    rulePriority: leafPriority(config, number),
    fallbackPriority: fallbackStart + rank,
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
