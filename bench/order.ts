// A seeded order, so that a run can be repeated.

export function shuffled<T>(values: readonly T[], random: (end: number) => number): T[] {
  const keyed = values.map((value) => ({ value, key: random(2 ** 31) }))
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value)
}
