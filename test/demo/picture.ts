// Draws the picture: each link's rate over time, stacked, by gnuplot (picture.gnuplot). In: the intervals and
// the result; out: an SVG file. Nothing but numbers and names goes to gnuplot from here.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { run } from '../lab/namespaces.js'
import { linkNames, sumOf } from './counters.js'
import { duration } from './download.js'
import { kilobytes } from './progress.js'
import type { Interval } from './recorder.js'
import type { Result } from './result.js'
import { megabytes } from './table.js'

/** Shows from the beginning of the first downloads to the end of those over all links. */
export async function drawPicture(
  file: string,
  intervals: readonly Interval[],
  result: Result,
): Promise<void> {
  const { before, after, aloneRates } = result
  const zero = before.begin
  const shown = intervals.filter(({ begin, end }) => end > zero && begin < after.end)
  const settings = [
    `before_end = ${(before.end - zero).toFixed(2)}`,
    `after_begin = ${(after.begin - zero).toFixed(2)}`,
    `after_end = ${(after.end - zero).toFixed(2)}`,
    `sum_alone = ${kilobytes(sumOf(aloneRates))}`,
    `downloads = ${after.downloads}`,
    `duration = ${duration}`,
    `before_megabytes = ${megabytes(before.received)}`,
    `after_megabytes = ${megabytes(after.received)}`,
    `array link[${linkNames.length}] = [${linkNames.map((name) => `"${name}"`).join(', ')}]`,
  ]
  const rows = shown.flatMap((interval) => corners(interval, zero))
  const script = await readFile(new URL('picture.gnuplot', import.meta.url), 'utf8')
  const input = [...settings, '$rates << END', ...rows, 'END', script].join('\n')
  const { stdout } = await run(['gnuplot', '-'], { input })
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.new`, stdout + '\n')
  await rename(`${file}.new`, file)
}

/** The left and right upper corners of an interval: its time, then the links' rates stacked, in KB/s. */
function corners({ begin, end, rates }: Interval, zero: number): string[] {
  let height = 0
  const heights = linkNames.map((name) => (height += (rates[name] ?? 0) / 1000).toFixed(1))
  return [begin, end].map((time) => [(time - zero).toFixed(3), ...heights].join('\t'))
}
