// What the measurements come to. In: measurements of each link alone and of all together; out: rates, ratios,
// the verdict.

import { linkNames, perLink, sumOf, type PerLink } from './counters.js'
import type { Measurement } from './download.js'

export interface Measurements {
  /** before multilink was told of the links: everything takes the kernel's one default route */
  readonly before: Measurement
  /** with all links */
  readonly after: Measurement
  /** of each link alone */
  readonly alone: Record<string, Measurement>
}

export interface Result extends Measurements {
  /** bytes a second, packets whole */
  readonly aloneRates: PerLink
  readonly togetherRates: PerLink
  /** all links together against the sum of each alone: in whole packets, and in bytes of files */
  readonly ratio: number
  readonly fileRatio: number
}

/** Less than this of the sum and the demo fails. */
export const leastRatio = 0.9
/** More than this and the links alone were not measured right: three pipes do not get wider together. */
export const mostRatio = 1.05

export function seconds({ begin, end }: Measurement): number {
  return end - begin
}

export function resultOf(measurements: Measurements): Result {
  const { after, alone } = measurements
  const rateOf = (of: Measurement | undefined, name: string): number =>
    of === undefined ? NaN : (of.passed[name] ?? NaN) / seconds(of)
  const fileRate = (of: Measurement): number => of.received / seconds(of)
  const aloneRates = perLink((name) => rateOf(alone[name], name))
  const togetherRates = perLink((name) => rateOf(after, name))
  const fileSum = linkNames.reduce((sum, name) => sum + (alone[name] ? fileRate(alone[name]) : NaN), 0)
  return {
    ...measurements,
    aloneRates,
    togetherRates,
    ratio: sumOf(togetherRates) / sumOf(aloneRates),
    fileRatio: fileRate(after) / fileSum,
  }
}

/** What is wrong with a result, if anything is; also when something could not be measured. */
export function faultOf({ ratio, fileRatio }: Result): string | undefined {
  if (!(ratio >= leastRatio && fileRatio >= leastRatio)) {
    return `together the links reach less than ${leastRatio} of the sum of each alone`
  }
  if (ratio <= mostRatio && fileRatio <= mostRatio) return undefined
  return 'together the links reach more than each alone: something disturbed the measurement, run it again'
}
