// Tiers: which links are chosen from while every link is usable, and in which order the others follow.

interface Tiered {
  readonly tier: number
}

/** The tier that is used while every link is usable. */
export function lowestTier(links: readonly Tiered[]): number {
  return Math.min(...links.map(({ tier }) => tier))
}

/** For each link its place, from 0, in the order of preference: by tier, within a tier as in the config. */
export function rankLinks(links: readonly Tiered[]): number[] {
  const order = links.map(({ tier }, index) => ({ tier, index })).sort((a, b) => a.tier - b.tier || a.index - b.index)
  return links.map((_, index) => order.findIndex((place) => place.index === index))
}
