// The demo's arithmetic, table and lines, on numbers made up here.

import t from 'tap'
import { linkNames, perLink, sumOf, type PerLink } from '../../demo/counters.js'
import type { Measurement } from '../../demo/download.js'
import { rateLine } from '../../demo/progress.js'
import { faultOf, resultOf, type Result } from '../../demo/result.js'
import { renderResult } from '../../demo/table.js'

const only = (name: string, bytes: number): PerLink => perLink((other) => (other === name ? bytes : 0))

function measurement(downloads: number, passed: PerLink): Measurement {
  const connections = perLink((name) => (passed[name] ? 4 : 0))
  return { begin: 1, end: 11, downloads, received: sumOf(passed) * 0.95, passed, connections }
}

/** Each link gives 150 KB/s alone, and so many times that with the others. */
function resultWith(times: number): Result {
  const alone = Object.fromEntries(linkNames.map((name) => [name, measurement(4, only(name, 1_500_000))]))
  const before = measurement(12, only('eth0', 1_500_000))
  return resultOf({ before, after: measurement(12, perLink(() => 1_500_000 * times)), alone })
}

t.test('three links that give together what they give alone add up to 1', async (t) => {
  const result = resultWith(1)
  t.equal(result.ratio.toFixed(6), '1.000000')
  t.equal(result.fileRatio.toFixed(6), '1.000000')
  t.equal(faultOf(result), undefined)
})

t.test('less than 0.9 of the sum is a fault, and so is what was not measured', async (t) => {
  t.equal(faultOf(resultWith(0.91)), undefined)
  t.match(faultOf(resultWith(0.89)), /less than 0.9/)
  const { before, after } = resultWith(1)
  t.match(faultOf(resultOf({ before, after, alone: {} })), /less than/)
})

t.test('more than the sum is not taken for a success', async (t) => {
  t.equal(faultOf(resultWith(1.04)), undefined)
  t.match(faultOf(resultWith(1.06)), /disturbed/)
})

t.test('the table has a row a link and a sum, within 80 columns', async (t) => {
  const lines = renderResult(resultWith(1)).split('\n')
  const cells = (start: string) => lines.find((line) => line.startsWith(start))?.split(/ {2,}/)
  t.same(cells('eth0'), ['eth0', '150 KB/s', '150 KB/s', '4', '33.3%'])
  t.same(cells('sum'), ['sum', '450 KB/s', '450 KB/s', '12', '100.0%'])
  t.same(lines.filter((line) => line.length > 80), [])
})

t.test('a line of progress fits 80 columns whatever passes', async (t) => {
  const rates = perLink(() => 150_000)
  t.equal(rateLine({ begin: 0, end: 1, rates }, 4), `  4 s     150    150    150    450  ${'#'.repeat(30)}`)
  t.ok(rateLine({ begin: 0, end: 1, rates: perLink(() => 99_999_000) }, 100).length <= 80)
})
