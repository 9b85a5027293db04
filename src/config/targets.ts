// Text in; an address that a health check can ask, or what is wrong with the text, out.

import { formatAddress, nearlyAddress, parseAddress, type Read } from './addresses.js'
import { notA } from './kinds.js'
import { isLinkLocal, unfitKind } from './machines.js'

/** What a check may be, for messages. */
export const checkAllowed = 'a check is "gateway" or a list of addresses such as ["192.0.2.1", "2001:db8::1"]'
const allowed = 'a target is the address of one machine beyond the link, such as "192.0.2.1" or "2001:db8::1"'

/** The message for a check that is neither; [link.NAME.check] was meant for the settings. */
export function notTargets(issue: { readonly input: unknown }): string {
  const isTable = typeof issue.input === 'object' && !(issue.input instanceof Date)
  return isTable
    ? `is a table; how links are checked is in [check], and ${checkAllowed}`
    : notA('text', checkAllowed)(issue)
}

/** One target: an address of either family, in its canonical text. */
export function readTarget(text: string): Read<string> {
  if (text === 'gateway') return { problem: 'stands alone; write check = "gateway", or only addresses' }
  const [plain = '', length] = text.split('/', 2)
  const address = parseAddress(plain)
  if (address === undefined) return { problem: nearlyAddress(text) ?? `is not an address; ${allowed}` }
  if (length !== undefined) return { problem: `has a prefix length; a target is one address: "${plain}"` }
  const kind = isLinkLocal(address) ? 'a link-local address' : unfitKind(address)
  return kind === undefined ? { value: formatAddress(address) } : { problem: `is ${kind}; ${allowed}` }
}

/** The text of a check that is no list. */
export function readWholeCheck(text: string): Read<'gateway'> {
  if (text === 'gateway') return { value: text }
  const isAddress = parseAddress(text) !== undefined
  return { problem: isAddress ? `is one address and no list; write ["${text}"]` : `is no list; ${checkAllowed}` }
}

/** A command line for sh, or a program's path. */
export function readCommand(text: string): Read<string> {
  const allowedCommand = 'a check_command is a command line for sh, such as "/usr/local/sbin/probe --fast"'
  if (text.trim() === '') return { problem: `is empty; ${allowedCommand}` }
  if (/[\r\n]/.test(text)) return { problem: `has more than one line; ${allowedCommand}` }
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) {
    return { problem: `has a control character in it; ${allowedCommand}` }
  }
  return { value: text.trim() }
}
