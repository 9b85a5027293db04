// What the measurements come to: the data of results.json and the table that is made of it.

import type { Aggregation } from './aggregation.js'
import type { Cost } from './costs.js'
import { loads } from './costs.js'
import type { Exactness } from './exactness.js'
import { limit, type Failover } from './failover.js'
import type { Scale } from './scale.js'

export interface Results {
  costs?: Cost[]
  exactness?: Exactness[]
  aggregation?: Aggregation[]
  failover?: Failover[]
  scale?: Scale[]
  times?: Scale[]
}

function cell(value: string, width: number): string {
  return value.padStart(width)
}

/** Instructions a second, of the core that "a second" is about. */
const speed = 1e9

function costTable(costs: readonly Cost[]): string[] {
  const lines = [
    '',
    'instructions of the whole lab: median, how many a second at 1e9 instructions, and ratio to single: median (least',
    'to most) of the rounds',
  ]
  for (const { name, title, per } of loads) {
    const rows = costs.filter(({ load }) => load === name)
    if (rows.length === 0) continue
    lines.push('', `${title}, a ${per}`)
    for (const { contender, instructions, ratio } of rows) {
      const range = `(${ratio.min.toFixed(3)} to ${ratio.max.toFixed(3)})`
      const rate = cell((speed / instructions.median).toFixed(0), 9)
      const numbers = cell(instructions.median.toFixed(0), 9) + rate + cell(ratio.median.toFixed(3), 8)
      lines.push(`  ${contender.padEnd(16)}${numbers}  ${range}`)
    }
  }
  return lines
}

function exactnessTable(rows: readonly Exactness[]): string[] {
  const lines = [
    '',
    'connections over three links: worst error of a share, of 1, and worst window, in connections',
    `  ${'weights'.padEnd(12)}${'contender'.padEnd(16)}${cell('1 destination', 20)}${cell('1,000 destinations', 22)}`,
  ]
  for (const { contender, weights, worstShare, worstWindow } of rows.filter(({ destinations }) => destinations === 1)) {
    const other = rows.find(
      (row) => row.contender === contender && row.destinations > 1 && String(row.weights) === String(weights),
    )
    const both = [{ worstShare, worstWindow }, other].map((row) =>
      row === undefined ? '-' : `${row.worstShare.toFixed(4)} ${cell(String(row.worstWindow), 4)}`,
    )
    const [one = '-', many = '-'] = both
    lines.push(`  ${weights.join(':').padEnd(12)}${contender.padEnd(16)}${cell(one, 20)}${cell(many, 22)}`)
  }
  return lines
}

function aggregationTable(rows: readonly Aggregation[]): string[] {
  const lines = ['', 'links of 150, 75 and 300 KB/s: part of the sum of what each gives alone']
  for (const what of new Set(rows.map((row) => row.what))) {
    lines.push(`  ${what}`)
    for (const { contender, ofSum } of rows.filter((row) => row.what === what)) {
      lines.push(`    ${contender.padEnd(16)}${cell(ofSum.toFixed(3), 8)}`)
    }
  }
  return lines
}

function failoverTable(rows: readonly Failover[]): string[] {
  const lines = ['', 'a provider is dead behind a live gateway: seconds until all new connections succeed']
  for (const { contender, seconds } of rows) {
    const text =
      seconds === undefined
        ? `not within ${limit} s`
        : `${seconds.median.toFixed(2)} (${seconds.min.toFixed(2)} to ${seconds.max.toFixed(2)})`
    lines.push(`  ${contender.padEnd(16)}  ${text}`)
  }
  return lines
}

function scaleTable(title: string, rows: readonly Scale[]): string[] {
  const lines = ['', title]
  for (const { links, what, value, unit } of rows) {
    const number = value.toFixed(unit === 'ms' ? 0 : 3)
    lines.push(`  ${what.padEnd(44)}${cell(String(links), 5)} links${cell(number, 12)} ${unit}`)
  }
  return lines
}

/** Ends in a newline. */
export function renderResults({ costs, exactness, aggregation, failover, scale, times }: Results): string {
  return [
    ...(costs === undefined ? [] : costTable(costs)),
    ...(exactness === undefined ? [] : exactnessTable(exactness)),
    ...(aggregation === undefined ? [] : aggregationTable(aggregation)),
    ...(failover === undefined ? [] : failoverTable(failover)),
    ...(scale === undefined ? [] : scaleTable('multilink (nth) with more links', scale)),
    ...(times === undefined ? [] : scaleTable('hooks and apply, in real time', times)),
    '',
  ]
    .join('\n')
    .trimStart()
}
