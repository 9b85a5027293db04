// A port or a range as the admin writes it, in; sorted ranges that do not overlap, or what is wrong, out.

import type { Read } from './addresses.js'
import type { PortRange } from './config.js'

/** What a port may be, for messages. */
export const portAllowed = 'a port is a whole number from 1 to 65535, a range a text such as "6660-6669"'

/** 22, "22" or "6660-6669". */
export function readPorts(written: bigint | string): Read<PortRange> {
  const [, from, to] = /^(0|[1-9]\d*)(?:-(0|[1-9]\d*))?$/.exec(String(written)) ?? []
  if (typeof written === 'bigint' && written < 0n) return { problem: `is too small; ${portAllowed}` }
  if (from === undefined) return { problem: `is not a port or a range; ${portAllowed}` }
  const first = Number(from)
  const last = Number(to ?? from)
  if (first > last) return { problem: `ends before it begins; write "${last}-${first}"` }
  if (first < 1) return { problem: `is too small; ${portAllowed}` }
  if (last > 65535) return { problem: `is too large; ${portAllowed}` }
  return { value: { first, last } }
}

/**
 * Sorted, with those that overlap made one.
 * Neighbours (21, 22) stay apart: what is rendered is what the admin wrote.
 */
export function mergePorts(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = []
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = merged.at(-1)
    if (before === undefined || range.first > before.last) merged.push(range)
    else merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, range.last) }
  }
  return merged
}
