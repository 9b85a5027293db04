// What a valid /etc/multilink.conf means. Everything here has been checked; nobody checks it again.

/** How a new connection is given to a link. */
export type Method = 'nth' | 'random' | 'hash'

/** Connection-tracking helpers multilink can assign, by their names in the config. */
export const helperNames = ['ftp', 'sip', 'irc', 'tftp', 'pptp', 'amanda', 'h323'] as const
export type HelperName = (typeof helperNames)[number]

/** An inclusive range of TCP or UDP ports, 1 to 65535; a single port has first === last. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** One configured way out, named after its interface. */
export interface LinkConfig {
  readonly name: string
  /** 0 to 255; 0: never chosen while another link is usable */
  readonly weight: number
  /** bypassed traffic goes here; exactly one link has it */
  readonly isDefault: boolean
  /** an IPv4 address, or 'auto': from ifupdown, the lease, or the kernel's own route */
  readonly gateway: string
  readonly masquerade: boolean
  /** canonical IPv4 CIDRs ("10.8.0.0/16"), sorted, none within another, none overlapping another link's */
  readonly networks: readonly string[]
}

export interface Config {
  /** the file it was read from, as the admin named it */
  readonly file: string
  readonly method: Method
  readonly helpers: readonly HelperName[]
  /** one run of at least two set bits within 32 */
  readonly markMask: number
  readonly tableBase: number
  readonly fallback: boolean
  readonly rulePriority: number
  /** in order of preference; empty: multilink changes nothing */
  readonly links: readonly LinkConfig[]
  readonly bypass: {
    /** canonical IPv4 CIDRs, sorted, none within another */
    readonly networks: readonly string[]
    /** sorted, disjoint */
    readonly tcp: readonly PortRange[]
    readonly udp: readonly PortRange[]
  }
}
