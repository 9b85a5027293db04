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
  /** in order of preference, as in the config that was applied */
  readonly links: readonly LinkStatus[]
}

/**
 * up: usable, its packets are let out by it (and unless its weight is 0, new connections are given to it) ·
 * out: not usable now, `reason` says why · down: taken down on purpose by ifdown
 */
export type LinkState = 'up' | 'out' | 'down'

export interface LinkStatus {
  /** the interface */
  readonly name: string
  /** the link's number, remembered by name; mark and table follow from it */
  readonly number: number
  /** connection and packet mark, eight hexadecimal digits: "0x01000000" */
  readonly mark: string
  /** its routing table */
  readonly table: number
  readonly state: LinkState
  /** why it is not up, or what is wrong with it although it is; null: nothing */
  readonly reason: string | null
  /** the address its packets go to; null: none is known, or it is point-to-point and needs none */
  readonly gateway: string | null
  /** whether bypassed traffic goes here */
  readonly default: boolean
  /** as configured, 0 to 255 */
  readonly weight: number
  /** what the weight comes to while every link is up, 0 to 1 */
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
   * connections with its mark that conntrack knows now, finished TCP ones aside; null: they cannot be
   * counted
   */
  readonly open: number | null
  /** all bytes of the interface since it exists, not only balanced ones; null: there is no such interface */
  readonly bytes: { readonly in: number; readonly out: number } | null
}
