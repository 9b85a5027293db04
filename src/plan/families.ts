// Which of the two families a text of the plan belongs to. The plan keeps both in one list, IPv4 first.

import type { Family } from '../config/addresses.js'

/** The family of a canonical address or network: only IPv6 has colons. */
export function familyOf(text: string): Family {
  return text.includes(':') ? 6 : 4
}

/** Those of one family, in their order. */
export function ofFamily(texts: readonly string[], family: Family): string[] {
  return texts.filter((text) => familyOf(text) === family)
}
