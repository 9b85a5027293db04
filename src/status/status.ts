// What `multilink status --json` prints. The names are promises to scripts: fields may be added, none is
// renamed, and none changes its meaning without another `schema`. multilink(8) documents them from here.

import type { Method } from '../config/config.js'

export interface Status {
  /** 1: the form described here */
  readonly schema: 1
  /** whether the nft table is in the kernel; if not, nothing is balanced */
  readonly loaded: boolean
  /** whether `multilink stop` took it away on purpose */
  readonly stopped: boolean
  /** when the table was loaded and all counters began, ISO 8601 in UTC; null: not loaded, or not known */
  readonly since: string | null
  /** the number of the generation in /var/lib/multilink/current; null: nothing was ever applied */
  readonly generation: number | null
  /** the config that generation came from */
  readonly config: string | null
  /**
   * whether that file was changed since and comes to something else: `multilink apply` would put it to use,
   * or refuse it
   */
  readonly configNewer: boolean
  /** how new connections get their link; null: nothing was ever applied */
  readonly method: Method | null
  /** whether the monitor runs: without it nothing is checked, and a lost carrier, address or route goes unnoticed */
  readonly monitor: boolean
  /** whether forwarded flows can go by a flowtable; null: `offload` is false, or the table is not loaded */
  readonly offload: boolean | null
  /** the link that bypassed traffic takes now, by family; null: none, or the table is not loaded */
  readonly bypass: { readonly ipv4: string | null; readonly ipv6: string | null }
  /** in order of preference, as in the config that was applied */
  readonly links: readonly LinkStatus[]
}

/**
 * up: usable, its packets are let out by it (new connections are given to it unless it stands by or its weight is 0) ·
 * out: not usable now, `reason` says why · down: taken down on purpose by ifdown
 */
export type LinkState = 'up' | 'out' | 'down'

/** A link in one address family: it is usable in each on its own. */
export interface FamilyStatus {
  readonly state: LinkState
  /** why it is not up, or what is wrong with it although it is; null: nothing */
  readonly reason: string | null
  /** the address its packets go to; null: none is known, or it is point-to-point and needs none */
  readonly gateway: string | null
  /** up, but of a tier that is not in use: no new connections are given to it while a lower tier has a usable link */
  readonly standby: boolean
  /** not up, and what is pinned to it is kept: no other link is usable, or its on_loss is "keep" */
  readonly held: boolean
  /** what its checks say; null: it has none */
  readonly health: HealthStatus | null
}

export interface HealthStatus {
  /** the last verdict; null: none yet */
  readonly verdict: 'up' | 'down' | null
  /** why it is down, else null */
  readonly reason: string | null
  /** lost probes of the last 100, in percent; null: nothing of this family is probed now */
  readonly loss: number | null
  /** mean round trip of those answered, in milliseconds; null: none was, or nothing is probed */
  readonly rtt: number | null
}

/** What it says of a single family is said of IPv4. */
export interface LinkStatus extends FamilyStatus {
  /** the interface */
  readonly name: string
  /** the link's number, remembered by name; mark and table follow from it */
  readonly number: number
  /** connection and packet mark, eight hexadecimal digits: "0x01000000" */
  readonly mark: string
  /** its routing table */
  readonly table: number
  /** the same for IPv6; null: its `ipv6` is false */
  readonly ipv6: FamilyStatus | null
  /** whether it is the default link, which bypassed traffic takes while it is usable */
  readonly default: boolean
  /** as configured, 0 to 255 */
  readonly weight: number
  /** 0 to 9: it is chosen from only while no link of a lower tier is usable */
  readonly tier: number
  /** what the weight comes to while every link is up, 0 to 1; 0 for a backup */
  readonly share: number
  /** what the method gave it since the table was loaded; null while it is not */
  readonly given: {
    /** new connections that the method chose this link for */
    readonly connections: number
    /** their part of all that the method gave, 0 to 1; null: it gave none yet */
    readonly share: number | null
  } | null
  /**
   * connections pinned to it since the table was loaded: chosen, bypassed and bound ones; null while it is
   * not loaded
   */
  readonly connections: number | null
  /**
   * connections of both families with its mark that conntrack knows now, finished TCP ones aside; null: they cannot
   * be counted
   */
  readonly open: number | null
  /** all bytes of the interface since it exists, not only balanced ones; null: there is no such interface */
  readonly bytes: { readonly in: number; readonly out: number } | null
}
