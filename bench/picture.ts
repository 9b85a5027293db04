// Draws the costs by gnuplot (picture.gnuplot). In: costs; out: an SVG file. Nothing but numbers and names goes to
// gnuplot from here.

import { readFile, rename, writeFile } from 'node:fs/promises'
import { run } from '../test/lab/namespaces.js'
import { loads, type Cost } from './costs.js'

/** The others are special cases of these. */
const names = ['own', 'forwarded', 'bulk1', 'bulk12', 'datagrams']
const pictured = loads.filter(({ name }) => names.includes(name))

export async function drawCosts(file: string, costs: readonly Cost[]): Promise<void> {
  const contenders = [...new Set(costs.map(({ contender }) => contender))]
  const ratioOf = (contender: string, load: string): string =>
    (costs.find((cost) => cost.contender === contender && cost.load === load)?.ratio.median ?? Number.NaN).toFixed(4)
  const rows = contenders.map((contender) =>
    [contender, ...pictured.map(({ name }) => ratioOf(contender, name))].join('\t'),
  )
  const titles = pictured.map(({ title }) => `"${title}"`).join(', ')
  const settings = [`loads = ${pictured.length}`, `array load[${pictured.length}] = [${titles}]`]
  const script = await readFile(new URL('picture.gnuplot', import.meta.url), 'utf8')
  const input = [...settings, '$costs << END', ...rows, 'END', script].join('\n')
  const { stdout } = await run(['gnuplot', '-'], { input })
  await writeFile(`${file}.new`, `${stdout}\n`)
  await rename(`${file}.new`, file)
}
