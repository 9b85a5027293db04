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

/** The largest number a link may be given, and so the number of links there is room for. */
export function linkLimit(config: { markMask: number; tableBase: number }): number {
  return Math.min(linksOfMask(config.markMask), linksOfTables(config.tableBase))
}

/** Bounds that hold for any number of links, at least one. */
export const bounds = {
  table: { least: 1, most: lastTable - 1 },
  priority: { least: 1, most: lastPriority - ruleSpan + 1 },
} as const
