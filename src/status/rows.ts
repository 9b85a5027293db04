// In: the links of a Status. Out: what is to be said of each link and family, before it is laid out. Pure.

import type { FamilyStatus, LinkStatus } from './status.js'

/** What is said of a link in one family, or in both where there is nothing more to tell. */
export interface Row {
  readonly link: LinkStatus
  readonly status: FamilyStatus
  /** empty: there is nothing to tell apart */
  readonly family: '' | 'v4' | 'v6'
  /** whether it is the first of its link, where the link itself is shown */
  readonly first: boolean
  readonly state: string
  /** what is wrong, and what becomes of connections; a sentence each */
  readonly notes: readonly string[]
  readonly mood: 'good' | 'odd' | 'bad'
}

/**
 * IPv6 is on unless the config says otherwise, and many networks have none: then nothing is said of it, unless a link
 * is, was or is to be usable with it.
 */
export function hasIpv6ToShow(links: readonly LinkStatus[]): boolean {
  return links.some(({ ipv6 }) => ipv6 !== null && (ipv6.state === 'up' || ipv6.held || ipv6.gateway !== null))
}

export function listRows(links: readonly LinkStatus[]): Row[] {
  const both = hasIpv6ToShow(links)
  return links.flatMap((link) => {
    const { ipv6 } = link
    if (!both || ipv6 === null) return [makeRow(link, link, both ? 'v4' : '', link.reason)]
    const isSame = link.reason === ipv6.reason
    if (link.state !== 'up' && link.state === ipv6.state && link.held === ipv6.held && isSame)
      return [makeRow(link, link, '', link.reason)]
    // What is wrong with both is said once.
    return [makeRow(link, link, 'v4', link.reason), makeRow(link, ipv6, 'v6', isSame ? null : ipv6.reason)]
  })
}

function makeRow(link: LinkStatus, status: FamilyStatus, family: Row['family'], reason: string | null): Row {
  const { state, standby, held } = status
  return {
    link,
    status,
    family,
    first: status === link,
    state: standby ? 'standby' : held && state === 'out' ? 'held' : state,
    notes: [
      ...(reason === null ? [] : [reason]),
      ...(held ? ['what runs over it is kept, and goes on if it comes back'] : []),
    ],
    mood: judgeMood(link, status),
  }
}

/** Odd: meant to be so, up with trouble, or out in one family only. */
function judgeMood(link: LinkStatus, { state, reason }: FamilyStatus): Row['mood'] {
  if (state === 'up') return reason === null ? 'good' : 'odd'
  return state === 'out' && link.state !== 'up' && link.ipv6?.state !== 'up' ? 'bad' : 'odd'
}
