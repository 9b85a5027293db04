// Text in; a gateway's address or 'auto', or what is wrong with the text, out.

import { formatAddress, isIPv6, readAddress, type Read } from './addresses.js'

const allowed = 'a gateway is "auto" or an IPv4 address such as "192.168.0.1"'

/** The next hop of a link: one machine's address on that link. */
export function readGateway(text: string): Read<string> {
  if (text === 'auto') return { value: text }
  if (isIPv6(text)) return { problem: `is IPv6, which this version does not support yet; ${allowed}` }
  const slash = text.indexOf('/')
  if (slash > 0 && readAddress(text.slice(0, slash)) !== undefined) {
    return { problem: `has a prefix length; a gateway is one address: "${text.slice(0, slash)}"` }
  }
  const address = readAddress(text)
  if (address === undefined) return { problem: `is not an address; ${allowed}` }
  const kind = kindOf(address)
  return kind === undefined ? { value: formatAddress(address) } : { problem: `is ${kind}; ${allowed}` }
}

/** What keeps an address from being one machine's. The next hops of multilink's probe are reserved ones. */
function kindOf(address: number): string | undefined {
  const first = address >>> 24
  if (first === 0) return '"this network", not a machine\'s address'
  if (first === 127) return 'a loopback address'
  if (address === 0xffffffff) return 'the broadcast address'
  if (first >= 240) return 'a reserved address'
  if (first >= 224) return 'a multicast address'
  return undefined
}
