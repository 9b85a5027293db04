// Connection-tracking helpers: what nft assigns and the modules that do the work. Names and ports as in the kernel's
// nf_conntrack_{ftp,sip,irc,tftp,pptp,amanda,h323}_*.c.

import type { HelperName } from '../config/config.js'

export interface Helper {
  /** the object's name in our nft table */
  readonly id: string
  /** the kernel's name of the helper */
  readonly type: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
}

const helpers: Readonly<Record<HelperName, readonly Helper[]>> = {
  ftp: [{ id: 'ftp', type: 'ftp', protocol: 'tcp', port: 21 }],
  sip: [
    { id: 'sip', type: 'sip', protocol: 'udp', port: 5060 },
    { id: 'sip_tcp', type: 'sip', protocol: 'tcp', port: 5060 },
  ],
  irc: [{ id: 'irc', type: 'irc', protocol: 'tcp', port: 6667 }],
  tftp: [{ id: 'tftp', type: 'tftp', protocol: 'udp', port: 69 }],
  pptp: [{ id: 'pptp', type: 'pptp', protocol: 'tcp', port: 1723 }],
  amanda: [{ id: 'amanda', type: 'amanda', protocol: 'udp', port: 10080 }],
  h323: [
    { id: 'h323_q931', type: 'Q.931', protocol: 'tcp', port: 1720 },
    { id: 'h323_ras', type: 'RAS', protocol: 'udp', port: 1719 },
  ],
}

/** The helper objects for the names in the config. */
export function helpersFor(names: readonly HelperName[]): Helper[] {
  return names.flatMap((name) => helpers[name])
}

/** Kernel modules: the tracking half, and the half that rewrites the addresses in the protocol's own text. */
export function modulesFor(names: readonly HelperName[]): string[] {
  return names.flatMap((name) => [`nf_conntrack_${name}`, `nf_nat_${name}`])
}
