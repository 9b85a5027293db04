// The plan: plain data between the config and what is rendered, all arithmetic done. `multilink plan` prints it,
// plan.json in each generation is it. Marks are numbers here; formatMark() spells them for people and for nft.

import type { HelperName, Method, PortRange } from '../config/config.js'

export interface PlannedLink {
  readonly name: string
  /** remembered by name across applies; mark and table follow from it */
  readonly number: number
  readonly mark: number
  readonly table: number
  /** priority of the rule that sends the mark to the table, and of the fallback rule */
  readonly rulePriority: number
  readonly fallbackPriority: number
  /** the next hop that tells, in the probe table, a socket bound to this link's device */
  readonly probeNexthop: string
  readonly weight: number
  /** what the weight comes to while every link is usable, 0 to 1 */
  readonly share: number
  readonly isDefault: boolean
  readonly gateway: string
  readonly masquerade: boolean
  readonly networks: readonly string[]
}

export interface PlannedRule {
  readonly priority: number
  /** in the words of ip-rule(8), ready for `ip rule add` */
  readonly selector: string
  readonly action: string
  readonly why: string
}

export interface Plan {
  readonly config: string
  readonly method: Method
  readonly helpers: readonly HelperName[]
  readonly mask: number
  /** the reserved mark a connection's first packet carries while routing is asked where it would go */
  readonly probe: { readonly mark: number; readonly table: number; readonly nexthop: string }
  readonly hashSeed: number
  readonly fallback: boolean
  readonly links: readonly PlannedLink[]
  /** names of links, one a slot, while every link is usable */
  readonly slots: readonly string[]
  readonly rules: readonly PlannedRule[]
  readonly bypass: {
    readonly networks: readonly string[]
    readonly tcp: readonly PortRange[]
    readonly udp: readonly PortRange[]
  }
}
