// A mark_mask or table_base in; how many links it has room for out.

/** The kernel's own: compat, default, main, local (linux/rtnetlink.h); table 0 is "unspecified". */
const kernelTables = { first: 252, last: 255 }
const lastTable = 0xffffffff

/** wg-quick's rules are at 32764 and 32765, and so is multilink's probe rule at 32765; ours end before. */
const lastPriority = 32763

/** The largest number a link may have whatever the mask: it fixes where the last of our rules stands. */
export const mostLinks = 254
/** From rule_priority on: main, the probe's goto, the links by number, unreachable, nop. */
export const ruleSpan = mostLinks + 4
/** So many links are asked for one by one; of more, a packet finds its own down a tree (src/plan/rules.ts). */
export const mostInLine = 8
/** The tree begins behind the line, so that both can stand while one replaces the other. */
export const treeStart = ruleSpan
/** Four levels with room for every number (0 to 255), before them two rules, behind them two. */
export const treeSpan = 4 * 256 + 4

/** How many bits the mask has when they are one run; undefined when there is a gap, or none is set. */
export function runLength(mask: number): number | undefined {
  const bits = mask.toString(2).replace(/0*$/, '')
  return /^1+$/.test(bits) ? bits.length : undefined
}

/** The largest link number a mask has room for: 0 is "no mark", all bits are the probe's mark. */
export function linksOfMask(mask: number): number {
  return Math.min(mostLinks, 2 ** (runLength(mask) ?? 0) - 2)
}

/** The largest link number whose table is still free: table_base itself is the probe's table. */
export function linksOfTables(base: number): number {
  const end = base <= kernelTables.last ? kernelTables.first - 1 : lastTable
  return Math.max(0, end - base)
}

/**
 * The first of two tables with defaults of many links: behind every link's own, and so never one of the kernel's. Null
 * where no two numbers are left.
 */
export function commonTable(base: number): number | null {
  return base + mostLinks + 2 <= lastTable ? base + mostLinks + 1 : null
}

/** The largest number a link may be given, and so the number of links there is room for. */
export function linkLimit(config: { markMask: number; tableBase: number }): number {
  return Math.min(linksOfMask(config.markMask), linksOfTables(config.tableBase))
}

/** How many links a rule_priority has room for: more than a few need the tree. */
export function linksOfPriority(first: number): number {
  return first + treeStart + treeSpan - 1 <= lastPriority ? mostLinks : mostInLine
}

/** Bounds that hold for any number of links, at least one. */
export const bounds = {
  table: { least: 1, most: lastTable - 1 },
  priority: { least: 1, most: lastPriority - ruleSpan + 1 },
} as const
