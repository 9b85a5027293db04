// Text in; networks of either family, or what is wrong with the text, out; sorted, merged, and as text again.

import ipaddr from 'ipaddr.js'
import { bitsOf, formatAddress, nearlyAddress, parseAddress, type Address, type Read } from './addresses.js'

/** A network in canonical form: no bits of `base` beyond the prefix. */
export interface Network {
  readonly base: Address
  readonly prefix: number
}

/** The network as `10.8.0.0/16` or `2001:db8::/32`, always with its prefix. */
export function formatNetwork({ base, prefix }: Network): string {
  return `${formatAddress(base)}/${prefix}`
}

function sizeOf({ base, prefix }: Network): bigint {
  return 1n << BigInt(bitsOf[base.family] - prefix)
}

/** Whether `outer` holds all of `inner`; two networks either do so or have nothing in common. */
export function holds(outer: Network, inner: Network): boolean {
  if (outer.base.family !== inner.base.family || outer.prefix > inner.prefix) return false
  return inner.base.value - (inner.base.value % sizeOf(outer)) === outer.base.value
}

/** IPv4 first, then by address, of the same address the larger first: what holds others comes before them. */
export function compareNetworks(a: Network, b: Network): number {
  if (a.base.family !== b.base.family) return a.base.family - b.base.family
  if (a.base.value !== b.base.value) return a.base.value < b.base.value ? -1 : 1
  return a.prefix - b.prefix
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

const allowed = 'a network is written like "10.8.0.0/16" or "2001:db8::/32", a single address like "192.0.2.1"'

/** A network, or a plain address as its /32 or /128. */
export function readNetwork(text: string): Read<Network> {
  const [address = '', length, ...rest] = text.split('/')
  const base = parseAddress(address)
  if (base === undefined || rest.length > 0) return { problem: nearlyNetwork(address, length) }
  const bits = bitsOf[base.family]
  const written = length ?? String(bits)
  const isLength = /^(0|[1-9]\d*)$/.test(written) && Number(written) <= bits
  if (!isLength) return { problem: prefixProblem(address, written, bits) }
  const whole = { base, prefix: Number(written) }
  const network = { ...whole, base: { ...base, value: base.value - (base.value % sizeOf(whole)) } }
  if (network.base.value === base.value) return { value: network }
  return {
    problem: `has bits set beyond its /${network.prefix}; the network is "${formatNetwork(network)}", ` +
      `the single address "${formatAddress(base)}"`,
  }
}

function nearlyNetwork(address: string, length: string | undefined): string {
  const near = length === undefined ? nearlyAddress(address) : undefined
  return near ?? `is not a network; ${allowed}`
}

function prefixProblem(address: string, length: string, bits: number): string {
  const isMask = bits === 32 && parseAddress(length)?.family === 4
  const ones = isMask ? ipaddr.IPv4.parse(length).prefixLengthFromSubnetMask() : null
  if (ones !== null) return `has a netmask; write its length: "${address}/${ones}"`
  return `has the prefix length "${length}"; a prefix length is a whole number from 0 to ${bits}`
}
