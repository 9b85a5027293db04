// How much work a long config is, whatever else the machine does: how often the functions, loops and branches of our
// source and of the TOML parser's run (V8's precise coverage). What is native counts as nothing.

import { Session } from 'node:inspector/promises'
import t from 'tap'

// V8 counts blocks only of what it compiles after this.
const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
const { parseConfig } = await import('../../../src/config/parse.js')

async function countWork(run: () => void): Promise<number> {
  await session.post('Profiler.takePreciseCoverage')
  run()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  return result
    .filter(({ url }) => !url.startsWith('node:'))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    .reduce((sum, count) => sum + count, 0)
}

t.test('the work that many networks are grows with their number, not with its square', async (t) => {
  const textOf = (count: number): string => [10, 11]
    .map((first) => Array.from({ length: count }, (_, index) => `"${first}.${index >> 8}.${index & 255}.0/24"`))
    .map((networks, link) => `[link.a${link}]\nnetworks = [${networks.join(', ')}]\n`)
    .join('')
  const parse = (count: number): Promise<number> => {
    const text = textOf(count)
    return countWork(() => t.equal(parseConfig(text, 'multilink.conf').links[1]?.networks.length, count))
  }
  const work = await parse(1250)
  // Four times as many to sort are 4.7 times as many comparisons; what looks at all pairs does so 16 times as often.
  const times = (await parse(5000)) / work
  t.ok(times < 6, `${times.toFixed(2)} times the work`)
  t.comment(`four times as many networks are ${times.toFixed(2)} times the work`)
})

t.test('a comma that is missing among many networks is no more work than some readings of the file', async (t) => {
  const networks = Array.from({ length: 10_000 }, (_, n) => `  "10.${n >> 8}.${n & 255}.0/24",`)
  const text = (lines: readonly string[]) => `[link.eth0]\n[bypass]\nnetworks = [\n${lines.join('\n')}\n]\n`
  const right = await countWork(() => parseConfig(text(networks), 'multilink.conf'))
  const wrong = text(networks.map((line, n) => (n === 5000 ? line.replace(',', '') : line)))
  const message = /^multilink\.conf:5005:3: a comma is missing here, between two values of a list\n/
  const work = await countWork(() => t.throws(() => parseConfig(wrong, 'multilink.conf'), { message }))
  t.ok(work < 3 * right, `${(work / right).toFixed(2)} times the work of the file without the error`)
})
