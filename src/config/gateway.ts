// Text in; a gateway's address or 'auto', or what is wrong with the text, out.

import { formatAddress, nearlyAddress, parseAddress, type Family, type Read } from './addresses.js'
import { unfitKind } from './machines.js'

/** What a gateway of a family is, for messages. */
const families: Readonly<Record<Family, { key: string; allowed: string }>> = {
  4: { key: 'gateway', allowed: 'a gateway is "auto" or an IPv4 address such as "192.168.0.1"' },
  6: { key: 'gateway6', allowed: 'a gateway6 is "auto" or an IPv6 address such as "fe80::1"' },
}

/** The next hop of a link for IPv4: one machine's address on that link. */
export function readGateway(text: string): Read<string> {
  return read(text, 4)
}

/** The same for IPv6; mostly link-local, as router advertisements name it. */
export function readGateway6(text: string): Read<string> {
  return read(text, 6)
}

function read(text: string, family: Family): Read<string> {
  if (text === 'auto') return { value: text }
  const { allowed } = families[family]
  const [plain = '', length] = text.split('/', 2)
  const address = parseAddress(plain)
  if (address === undefined) {
    const advice = family === 6 && text === 'none' ? 'for a link without IPv6 write ipv6 = false' : allowed
    return { problem: nearlyAddress(text) ?? `is not an address; ${advice}` }
  }
  const written = formatAddress(address)
  if (address.family !== family) {
    return { problem: `is IPv${address.family}; write ${families[address.family].key} = "${written}"` }
  }
  if (length !== undefined) return { problem: `has a prefix length; a gateway is one address: "${written}"` }
  const kind = unfitKind(address)
  return kind === undefined ? { value: written } : { problem: `is ${kind}; ${allowed}` }
}
