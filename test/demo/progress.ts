// What the demo prints while it runs, 80 columns at most. In: lines, commands, intervals; out: text on
// stdout; the rates are one line that is written over on a terminal, and a line every two seconds elsewhere.

import { linkNames, perLink, sumOf } from './counters.js'
import type { Interval } from './recorder.js'

const plainEvery = 2
const barPerByte = 30 / 450_000

const terminal = process.stdout.isTTY && process.env.TERM !== 'dumb'

let begin: number | undefined
let pending: Interval[] = []

/** A line of the story. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A command as it is run on the box. */
export function show(command: string): void {
  say(`box# ${command}`)
}

/** From here on intervals are printed, with the time since now. */
export function beginRates(now: number): void {
  begin = now
  pending = []
  say(` time  ${linkNames.map((name) => name.padStart(6)).join(' ')}    sum  KB/s`)
}

/** Prints no more intervals; what a terminal shows last stays. */
export function endRates(): void {
  if (begin !== undefined && terminal) process.stdout.write('\n')
  begin = undefined
}

/** Prints an interval, or the mean of those since the last line. */
export function tell(interval: Interval): void {
  if (begin === undefined || interval.begin < begin) return
  pending.push(interval)
  const mean = meanOf(pending)
  if (!terminal && mean.end - mean.begin < plainEvery - 0.1) return
  const line = rateLine(mean, mean.end - begin)
  if (terminal) process.stdout.write(`\r\u001b[2K${line}`)
  else say(line)
  pending = []
}

/** Intervals in a row as one. */
function meanOf(intervals: readonly Interval[]): Interval {
  const from = intervals[0]?.begin ?? 0
  const to = intervals.at(-1)?.end ?? 0
  const passed = (name: string): number =>
    intervals.reduce((sum, { begin, end, rates }) => sum + (rates[name] ?? 0) * (end - begin), 0)
  return { begin: from, end: to, rates: perLink((name) => passed(name) / (to - from)) }
}

/** "  4 s     150      0      0    150  ##########" */
export function rateLine({ rates }: Interval, seconds: number): string {
  const numbers = linkNames.map((name) => kilobytes(rates[name] ?? 0).padStart(6)).join(' ')
  const sum = sumOf(rates)
  const bar = '#'.repeat(Math.min(36, Math.round(sum * barPerByte)))
  return `${seconds.toFixed(0).padStart(3)} s  ${numbers} ${kilobytes(sum).padStart(6)}  ${bar}`
}

/** Whole KB (1000 bytes). */
export function kilobytes(bytes: number): string {
  return String(Math.round(bytes / 1000))
}
