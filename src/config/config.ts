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
  /** the same for IPv6; 'none' when the link has no IPv6 */
  readonly gateway6: string
  /** whether IPv6 goes over this link too */
  readonly ipv6: boolean
  readonly masquerade: boolean
  /** canonical CIDRs of both families, IPv4 first, sorted, none within another, none overlapping another link's */
  readonly networks: readonly string[]
  /** what a lease names as resolvers is reached over this link only */
  readonly ownDns: boolean
  /** 0 to 9; used only while no link of a lower tier is usable */
  readonly tier: number
  /** when a link of a lower tier is usable again: 'new' connections move to it, or 'all' that run over this one */
  readonly failback: 'new' | 'all'
  /** what is pinned to this link when it is lost is ended, or kept until it is back */
  readonly onLoss: 'end' | 'keep'
  /** canonical addresses of both families, none twice; empty: not checked */
  readonly check: 'gateway' | readonly string[]
  /** one line for sh; empty: none */
  readonly checkCommand: string
}

/** How links are checked, those that have a check. */
export interface CheckConfig {
  /** seconds from one round of probes to the next */
  readonly interval: number
  /** rounds in a row that must fail before a link is out, and be good before it is back */
  readonly downAfter: number
  readonly upAfter: number
  /** how many targets of a family must answer in a round that is good */
  readonly quorum: number
  /** percent; null: loss does not count */
  readonly maxLoss: number | null
  /** milliseconds; null: the round trip time does not count */
  readonly maxRtt: number | null
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
  /** a UDP service on the wildcard address answers over the link the question came in on */
  readonly udpAnswers: boolean
  /** what is established, forwarded and pinned to a link goes by a flowtable, where the kernel has them */
  readonly offload: boolean
  readonly check: CheckConfig
  /** in order of preference; empty: multilink changes nothing */
  readonly links: readonly LinkConfig[]
  readonly bypass: {
    /** canonical CIDRs of both families, IPv4 first, sorted, none within another */
    readonly networks: readonly string[]
    /** sorted, disjoint */
    readonly tcp: readonly PortRange[]
    readonly udp: readonly PortRange[]
    /** while the default link is out this traffic is unreachable, instead of taking the next usable link */
    readonly strict: boolean
  }
}
