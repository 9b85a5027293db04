// The links, numbered, in; the kernel's ip rules out, in the order in which it asks them.

import type { Config } from '../config/config.js'
import { commonTable, mostInLine, ruleSpan, treeSpan, treeStart } from '../config/numbering.js'
import { formatFwmark, markOf } from './marks.js'
import type { Plan, PlannedLink, PlannedRule } from './plan.js'

/** The probe's lookup stands right before main (32766), where an unmarked packet would find main's default. */
const probePriority = 32765
/** Fallback rules follow main (32766) and default (32767). */
export const fallbackStart = 32800
/** Between those of many links: the hooks' rules for the addresses of what is bound to nothing (decide.awk). */
export const unboundPriority = fallbackStart + 1
/**
 * The tree's levels: how many of a link's number (8 bits) each branch leaves open. A packet asks four rules a level at
 * most: 16, where it would ask 254 one by one.
 */
const branchBits = [6, 4, 2]
/** How many numbers each level has room for. */
const levelSize = 256

type Settings = Pick<Config, 'markMask' | 'rulePriority' | 'tableBase' | 'links' | 'fallback'>

/**
 * Where a rule stands, and where it leads, depends on no other link, so that old and new rules can stand side by side
 * while links come and go: there is room for every number. (The kernel takes two `goto` of one priority and mark for
 * the same rule.)
 */
export function planRules(config: Settings, links: readonly PlannedLink[], probe: Plan['probe']): PlannedRule[] {
  if (links.length === 0) return []
  const fwmark = (mark: number) => `fwmark ${formatFwmark(mark, config.markMask)}`
  const byNumber = [...links].sort((a, b) => a.number - b.number)
  return [
    {
      priority: config.rulePriority,
      selector: `not ${fwmark(0)}`,
      action: 'lookup 254 suppress_prefixlength 0',
      why: 'a connected or static route in main wins over a link, its default routes do not',
    },
    ...(isTree(config) ? planTree(config, byNumber, probe) : planLine(config, byNumber, probe)),
    {
      priority: probePriority,
      selector: fwmark(probe.mark),
      action: `lookup ${probe.table}`,
      why: 'in the place of main\'s default: next hops that tell what would have taken it',
    },
    ...planFallback(config, links),
  ]
}

/**
 * Not only what finds no default in main comes to these rules: the kernel looks for the way back of what comes in over
 * a link other than main's default (fib_validate_source, with the interface as a condition), packet by packet, and
 * takes it also if there is none. So many links have one table for what is bound to no interface, and another for the
 * rest of this machine's, where what is forwarded need not look.
 */
function planFallback(config: Settings, links: readonly PlannedLink[]): PlannedRule[] {
  const common = planCommonTable(config)
  if (common !== null) {
    const first = 'the defaults of the first links that have a way out, when main has none'
    const all = 'those of all links, for what is bound to one'
    return [
      { priority: fallbackStart, selector: '', action: `lookup ${common}`, why: first },
      { priority: unboundPriority + 1, selector: 'iif lo', action: `lookup ${common + 1}`, why: all },
    ]
  }
  return byPreference(links).map((link) => ({
    priority: link.fallbackPriority,
    selector: config.fallback ? '' : `oif ${link.name}`,
    action: `lookup ${link.table}`,
    why: config.fallback
      ? `a default by ${link.name} when main has none`
      : `a default for what is bound to ${link.name} when main has none over it`,
  }))
}

/** The table with the first usable links' defaults, before the one with all; null where each link's own is asked. */
export function planCommonTable(config: Settings): number | null {
  return config.fallback && isTree(config) ? commonTable(config.tableBase) : null
}

/** Where the rule of link `number` stands: by number, like mark and table. */
export function leafPriority(config: Settings, number: number): number {
  if (!isTree(config)) return config.rulePriority + 1 + number
  return levelPriority(config, branchBits.length) + number
}

function isTree(config: Settings): boolean {
  return config.links.length > mostInLine
}

/** One link after the other. */
function planLine(config: Settings, links: readonly PlannedLink[], probe: Plan['probe']): PlannedRule[] {
  const last = config.rulePriority + ruleSpan - 1
  return [
    passBy(config, config.rulePriority + 1, 0, last, unmarkedWhy),
    passBy(config, config.rulePriority + 1, probe.mark, last, probeWhy),
    ...links.map((link) => lookUp(config, link)),
    ...ending(config, last),
  ]
}

/**
 * A branch stands at its level's place for the lowest number it leads to, and leads to the next level's place for that:
 * so another lowest number makes another rule, never the same one with another aim. What matches no branch or leaf
 * comes to the last rules.
 */
function planTree(config: Settings, links: readonly PlannedLink[], probe: Plan['probe']): PlannedRule[] {
  const first = config.rulePriority + treeStart
  const last = first + treeSpan - 1
  return [
    passBy(config, first, 0, last, unmarkedWhy),
    passBy(config, first + 1, probe.mark, last, probeWhy),
    ...branchBits.flatMap((open, level) => planLevel(config, links, open, level)),
    ...links.map((link) => lookUp(config, link)),
    ...ending(config, last),
  ]
}

function planLevel(config: Settings, links: readonly PlannedLink[], open: number, level: number): PlannedRule[] {
  // A narrow mask has none of the bits that a level asks for: then all go on to the next.
  const mask = (markOf((0xff >> open) << open, config.markMask) & config.markMask) >>> 0
  const lowest = links.filter(({ number }, index) => number >> open !== (links[index - 1]?.number ?? -1) >> open)
  return lowest.map(({ number }) => {
    const from = (number >> open) << open
    return {
      priority: levelPriority(config, level) + number,
      selector: mask === 0 ? '' : `fwmark ${formatFwmark(markOf(from, config.markMask), mask)}`,
      action: `goto ${levelPriority(config, level + 1) + number}`,
      why: `the way to links number ${from} to ${from + (1 << open) - 1}`,
    }
  })
}

function levelPriority(config: Settings, level: number): number {
  return config.rulePriority + treeStart + 2 + level * levelSize
}

/** Most lookups: the kernel looks up each packet's source too, without its mark. */
const unmarkedWhy = 'what is not marked passes the links by'
const probeWhy = 'the probe passes the links by and goes where an unmarked packet would go'

function passBy(config: Settings, priority: number, mark: number, last: number, why: string): PlannedRule {
  return { priority, selector: `fwmark ${formatFwmark(mark, config.markMask)}`, action: `goto ${last}`, why }
}

function lookUp(config: Settings, link: PlannedLink): PlannedRule {
  return {
    priority: link.rulePriority,
    selector: `fwmark ${formatFwmark(link.mark, config.markMask)}`,
    action: `lookup ${link.table}`,
    why: `what is pinned to ${link.name} leaves by its table`,
  }
}

function ending(config: Settings, last: number): PlannedRule[] {
  return [
    {
      priority: last - 1,
      selector: `not fwmark ${formatFwmark(0, config.markMask)}`,
      action: 'unreachable',
      why: 'a pinned packet whose link has no route never leaves by another link',
    },
    { priority: last, selector: '', action: 'nop', why: 'where they go on' },
  ]
}

function byPreference(links: readonly PlannedLink[]): PlannedLink[] {
  return [...links].sort((a, b) => a.fallbackPriority - b.fallbackPriority)
}
