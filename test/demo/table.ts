// In: a Result. Out: the table and the sentences a person reads, 80 columns at most.

import { linkNames, sumOf } from './counters.js'
import { duration } from './download.js'
import { kilobytes } from './progress.js'
import type { Result } from './result.js'

const widths = [8, 12, 12, 13, 8]

/** Ends in a newline. */
export function renderResult(result: Result): string {
  const { aloneRates, togetherRates, before, after, ratio, fileRatio } = result
  const total = sumOf(after.passed)
  const rate = (bytes: number): string => `${kilobytes(bytes)} KB/s`
  const links = linkNames.map((name) => [
    name,
    rate(aloneRates[name] ?? NaN),
    rate(togetherRates[name] ?? NaN),
    String(after.connections[name]),
    `${((100 * (after.passed[name] ?? NaN)) / total).toFixed(1)}%`,
  ])
  const connections = String(sumOf(after.connections))
  const sum = ['sum', rate(sumOf(aloneRates)), rate(sumOf(togetherRates)), connections, '100.0%']
  const line = widths.map((width) => '-'.repeat(width))
  const rows = [['link', 'alone', 'together', 'connections', 'share'], line, ...links, line, sum].map(align)
  return [
    ...rows,
    '',
    `Together: ${ratio.toFixed(3)} of the sum of what each link gives alone, counted in`,
    `whole packets; ${fileRatio.toFixed(3)} counted in bytes of files.`,
    `${after.downloads} downloads received ${megabytes(before.received)} MB ` +
      `in ${duration} s over one link, ` +
      `${megabytes(after.received)} MB over three.`,
    '',
  ].join('\n')
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

function align(cells: readonly string[]): string {
  const padded = cells.map((text, n) => {
    const width = widths[n] ?? 0
    return n === 0 ? text.padEnd(width) : text.padStart(width)
  })
  return padded.join('  ')
}
