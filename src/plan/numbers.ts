// Link numbers: remembered by name, so that adding or removing one link never renumbers, and so re-marks, another.

/** Link name to number, 1 and up; what /var/lib/multilink/numbers.json holds. */
export type Numbers = ReadonlyMap<string, number>

/**
 * The numbers for `names`, 1 to `highest` (at least as many as names): the remembered one where there is one, else the
 * lowest that nobody has. Numbers of links that left the config stay remembered until the space runs out; then those
 * are given away.
 */
export function numberLinks(names: readonly string[], remembered: Numbers, highest: number): Numbers {
  const wanted = new Set(names)
  const numbers = new Map([...remembered].filter(([, number]) => number >= 1 && number <= highest))
  for (const name of names) {
    if (!numbers.has(name)) numbers.set(name, lowestFree(numbers, wanted, highest))
  }
  return numbers
}

function lowestFree(numbers: Map<string, number>, wanted: ReadonlySet<string>, highest: number): number {
  const taken = new Map([...numbers].map(([name, number]) => [number, name]))
  for (let number = 1; number <= highest; number++) {
    if (!taken.has(number)) return number
  }
  for (const [number, name] of taken) {
    if (wanted.has(name)) continue
    numbers.delete(name)
    return number
  }
  throw new Error('numberLinks counted more numbers than there are')
}
