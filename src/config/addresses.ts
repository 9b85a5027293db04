// Text in; an address of either family as a number, or what is wrong with the text, out; and the number as the one
// text there is for it (RFC 5952). Strict: ipaddr.js by itself takes "1", "010.1.1.1" and "fe80::1%eth0" for addresses.

import ipaddr from 'ipaddr.js'

export type Family = 4 | 6

export interface Address {
  readonly family: Family
  readonly value: bigint
}

export type Read<T> = { readonly value: T } | { readonly problem: string }

/** How long an address is, in bits. */
export const bitsOf: Readonly<Record<Family, number>> = { 4: 32, 6: 128 }

/** IPv4 addresses as IPv6 sockets see them (RFC 4291, section 2.5.5.2): they are IPv4 on the wire. */
const mapped = 0xffffn

/** The address; undefined for anything but four decimal parts, or groups of hexadecimal digits between colons. */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return { family: 4, value: numberOf(ipaddr.IPv4.parse(text)) }
  if (!/^[0-9a-f:]+$/i.test(text) || !ipaddr.IPv6.isValid(text)) return undefined
  const value = numberOf(ipaddr.IPv6.parse(text))
  return value >> 32n === mapped ? undefined : { family: 6, value }
}

/** Why text that is nearly an IPv6 address is not taken for one, and what to write; undefined for other text. */
export function nearlyAddress(text: string): string | undefined {
  if (!ipaddr.IPv6.isValid(text)) return undefined
  const [plain = '', zone] = text.split('%')
  if (zone !== undefined) return `has a zone, and the link is known already; write "${plain}"`
  const value = numberOf(ipaddr.IPv6.parse(text))
  if (value >> 32n === mapped) {
    return `is an IPv4 address within IPv6; write "${formatAddress({ family: 4, value: value & 0xffffffffn })}"`
  }
  return text.includes('.') ? `ends in decimal parts; write "${formatAddress({ family: 6, value })}"` : undefined
}

/** The canonical text: four decimal parts, or RFC 5952's. */
export function formatAddress({ family, value }: Address): string {
  return ipaddr.fromByteArray(bytesOf(value, bitsOf[family] / 8)).toString()
}

function numberOf(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
}

function bytesOf(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Number((value >> BigInt(8 * (count - 1 - index))) & 255n))
}
