// Weights to slots: how often and in which order each link is chosen. hooks/lib/slots.awk does the same at run time
// for the links that are usable then; test/pure/plan/slots.test.ts holds the two together.

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/**
 * Divides weights by their greatest common divisor: 100, 50 becomes 2, 1, and a window of W choices as short as can be.
 * A weight of 0 is never chosen; when every weight is 0 the first in order of preference takes all.
 */
export function reduceWeights(weights: readonly number[]): number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0)
  if (divisor === 0) return weights.map((_, index) => (index === 0 ? 1 : 0))
  return weights.map((weight) => weight / divisor)
}

/**
 * The order of choices: one index into `weights` per slot, W slots, spread as evenly as the weights allow, so that
 * 3:1 is a a b a. Smooth weighted round-robin: at every slot each link gains its weight, the one that has gained
 * most is chosen and gives back W; the earlier in order of preference wins a tie.
 */
export function spreadSlots(weights: readonly number[]): number[] {
  const reduced = reduceWeights(weights)
  const total = reduced.reduce((sum, weight) => sum + weight, 0)
  const gained = reduced.map(() => 0)
  return Array.from({ length: total }, () => {
    let chosen = 0
    reduced.forEach((weight, index) => {
      gained[index] = (gained[index] ?? 0) + weight
      if ((gained[index] ?? 0) > (gained[chosen] ?? 0)) chosen = index
    })
    gained[chosen] = (gained[chosen] ?? 0) - total
    return chosen
  })
}
