// In: numbers; out: their median and what is said beside it.

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (place: number): number => sorted[place] ?? Number.NaN
  const middle = sorted.length / 2
  const median = Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle))
  return { median, min: at(0), max: at(sorted.length - 1) }
}
