// Text in; IPv4 addresses and networks as numbers, or what is wrong with the text, out.
// Strict: ipaddr.js by itself takes "1" and "010.1.1.1" for addresses.

import ipaddr from 'ipaddr.js'

/** A network in canonical form: no bits of `base` beyond the prefix. */
export interface Network {
  readonly base: number
  readonly prefix: number
}

export type Read<T> = { readonly value: T } | { readonly problem: string }

/** The address as an unsigned number; undefined for anything but four decimal parts. */
export function readAddress(text: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined
  return ipaddr.IPv4.parse(text).octets.reduce((sum, octet) => sum * 256 + octet, 0)
}

/** The number as four decimal parts. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.')
}

/** The network as `10.8.0.0/16`, always with its prefix. */
export function formatNetwork(network: Network): string {
  return `${formatAddress(network.base)}/${network.prefix}`
}

/** Whether text is some IPv6 address, to say that it is too early for it and not that it is nonsense. */
export function isIPv6(text: string): boolean {
  return ipaddr.IPv6.isValid(text.replace(/\/\d+$/, ''))
}

function lastOf({ base, prefix }: Network): number {
  return base + 2 ** (32 - prefix) - 1
}

/** Whether `outer` holds all of `inner`; two networks either do so or have nothing in common. */
export function holds(outer: Network, inner: Network): boolean {
  return outer.base <= inner.base && lastOf(inner) <= lastOf(outer)
}

/** By address, of the same address the larger first: what holds others comes before them. */
export function compareNetworks(a: Network, b: Network): number {
  return a.base - b.base || a.prefix - b.prefix
}

/** Sorted, without those that lie within another. */
export function mergeNetworks(networks: readonly Network[]): Network[] {
  const merged: Network[] = []
  for (const network of [...networks].sort(compareNetworks)) {
    const last = merged.at(-1)
    if (last === undefined || !holds(last, network)) merged.push(network)
  }
  return merged
}

const allowed = 'a network is written like "10.8.0.0/16", a single address like "192.0.2.1"'

/** A network, or a plain address as its /32. */
export function readNetwork(text: string): Read<Network> {
  if (isIPv6(text)) return { problem: `is IPv6, which this version does not support yet; ${allowed}` }
  const [address = '', length = '32', ...rest] = text.split('/')
  const base = readAddress(address)
  if (base === undefined || rest.length > 0) return { problem: `is not an IPv4 network; ${allowed}` }
  const isLength = /^(0|[1-9]\d*)$/.test(length) && Number(length) <= 32
  if (!isLength) return { problem: prefixProblem(address, length) }
  const prefix = Number(length)
  const size = 2 ** (32 - prefix)
  const network = { base: base - (base % size), prefix }
  if (network.base === base) return { value: network }
  return {
    problem: `has bits set beyond its /${prefix}; the network is "${formatNetwork(network)}", ` +
      `the single address "${address}"`,
  }
}

function prefixProblem(address: string, length: string): string {
  const isMask = readAddress(length) !== undefined
  const bits = isMask ? ipaddr.IPv4.parse(length).prefixLengthFromSubnetMask() : null
  if (bits !== null) return `has a netmask; write its length: "${address}/${bits}"`
  return `has the prefix length "${length}"; a prefix length is a whole number from 0 to 32`
}
