// An address in; what keeps it from being one machine's, out.

import { type Address } from './addresses.js'

/** Next hops of multilink's own IPv6 probe: fe80::6d6c:0 to fe80::6d6c:ffff ("ml" in ASCII). */
export const probeNexthops6 = 0xfe80_0000_0000_0000_0000_0000_6d6c_0000n

/** Global unicast 2000::/3, unique local fc00::/7, link-local fe80::/10, NAT64's 64:ff9b::/32: [bits, their value]. */
const machines6: readonly (readonly [number, bigint])[] = [
  [3, 0x2000n >> 13n],
  [7, 0xfc00n >> 9n],
  [10, 0xfe80n >> 6n],
  [32, 0x0064_ff9bn],
]

/** "a multicast address" and the like; undefined for an address that one machine can have. */
export function unfitKind({ family, value }: Address): string | undefined {
  return family === 4 ? unfitKind4(Number(value)) : unfitKind6(value)
}

/** 169.254.0.0/16 (RFC 3927) or fe80::/10: means a different machine on each link. */
export function isLinkLocal({ family, value }: Address): boolean {
  return family === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0xfe80n >> 6n
}

/** The next hops of multilink's IPv4 probe are reserved ones, so they need no case of their own. */
function unfitKind4(value: number): string | undefined {
  const first = value >>> 24
  if (first === 0) return '"this network", not a machine\'s address'
  if (first === 127) return 'a loopback address'
  if (value === 0xffffffff) return 'the broadcast address'
  if (first >= 240) return 'a reserved address'
  if (first >= 224) return 'a multicast address'
  return undefined
}

function unfitKind6(value: bigint): string | undefined {
  if (value === 0n) return 'the unspecified address'
  if (value === 1n) return 'the loopback address'
  if (value >> 120n === 0xffn) return 'a multicast address'
  if (value >> 16n === probeNexthops6 >> 16n) return 'one that multilink uses for its own questions to the kernel'
  return machines6.some(([bits, prefix]) => value >> BigInt(128 - bits) === prefix) ? undefined : 'a reserved address'
}
