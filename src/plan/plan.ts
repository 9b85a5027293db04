// The plan: plain data between the config and what is rendered, all arithmetic done. `multilink plan` prints it,
// plan.json in each generation is it. Marks are numbers here; formatMark() spells them for people and for nft.

import type { CheckConfig, HelperName, LinkConfig, Method, PortRange } from '../config/config.js'

/** What the config says of the link, and what follows from it. */
export interface PlannedLink extends LinkConfig {
  /** remembered by name across applies; mark and table follow from it, in both families */
  readonly number: number
  readonly mark: number
  readonly table: number
  /** priority of the rule that sends the mark to the table, and of the fallback rule */
  readonly rulePriority: number
  readonly fallbackPriority: number
  /** the next hop that tells, in the probe table, a socket bound to this link's device */
  readonly probeNexthop: string
  readonly probeNexthop6: string
  /** what the weight comes to while every link is usable, 0 to 1; 0 for a backup */
  readonly share: number
}

export interface PlannedRule {
  readonly priority: number
  /** in the words of ip-rule(8), ready for `ip rule add` */
  readonly selector: string
  readonly action: string
  readonly why: string
}

/** How links are checked, with all that follows. */
export interface PlannedCheck extends CheckConfig {
  /** how long an answer to a probe is waited for, in seconds */
  readonly timeout: number
}

export interface Plan {
  readonly config: string
  readonly method: Method
  readonly helpers: readonly HelperName[]
  readonly mask: number
  /** the reserved mark a connection's first packet carries while routing is asked where it would go */
  readonly probe: {
    readonly mark: number
    readonly table: number
    readonly nexthop: string
    readonly nexthop6: string
  }
  readonly hashSeed: number
  readonly fallback: boolean
  /** of more links than are asked for one by one: the first ones' defaults, and in the next table all; null: of few */
  readonly commonTable: number | null
  /** any link has IPv6 */
  readonly ipv6: boolean
  readonly udpAnswers: boolean
  readonly offload: boolean
  readonly check: PlannedCheck
  readonly links: readonly PlannedLink[]
  /** names of links, one a slot, while every link is usable: those of the lowest tier */
  readonly slots: readonly string[]
  readonly rules: readonly PlannedRule[]
  readonly bypass: {
    readonly networks: readonly string[]
    readonly tcp: readonly PortRange[]
    readonly udp: readonly PortRange[]
    readonly strict: boolean
  }
}
