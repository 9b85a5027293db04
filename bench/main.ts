// `npm run bench -- [NAME…]`: runs the measurements, or those named, prints what they come to, and writes
// bench/results.json and the table in docs/performance.md: what was not measured stays there as it was.

import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { deb } from '../test/lab/scenario.js'
import { randomNumbers } from '../test/random.js'
import { measureAggregation } from './aggregation.js'
import { contenders, lower, named, raise } from './contenders.js'
import { loads, measureCosts } from './costs.js'
import { measureExactness } from './exactness.js'
import { measureFailover } from './failover.js'
import { startMachine, type Machine } from './machine/machine.js'
import { drawCosts } from './picture.js'
import { renderResults, type Results } from './results.js'
import { measureScale } from './scale.js'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const resultsFile = file('results.json')
const documentFile = file('../docs/performance.md')
const pictureFile = file('../docs/performance.svg')
const seed = 2006
const rounds = 8

const balancers = contenders.filter(({ balances }) => balances)
const random = randomNumbers(seed)

async function costs(machine: Machine): Promise<Results> {
  for (const contender of contenders) await raise(machine, contender, contender.name)
  const names = contenders.map(({ name }) => name)
  const results = await measureCosts(machine, names, loads, rounds, random)
  for (const name of names) await lower(machine, name)
  return { costs: results }
}

const measurements: Record<string, (machine: Machine) => Promise<Results>> = {
  costs,
  exactness: async (machine) => ({ exactness: await measureExactness(machine, balancers) }),
  aggregation: async (machine) => {
    const [single] = named('single')
    if (single === undefined) throw new Error('single is no contender')
    return { aggregation: await measureAggregation(machine, single, named('ecmp', 'shorewall', 'howto', 'nth')) }
  },
  failover: async (machine) => ({ failover: await measureFailover(machine) }),
  scale: async (machine) => ({ scale: await measureScale(machine, 3, random) }),
}

async function known(): Promise<Results> {
  const text = await readFile(resultsFile, 'utf8').catch(() => '{}')
  return JSON.parse(text) as Results
}

/** Puts the table between the marks that the document has for it. */
async function quote(table: string): Promise<void> {
  const text = await readFile(documentFile, 'utf8')
  const [begin, end] = ['<!-- bench/results.json -->\n', '<!-- end -->']
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${documentFile} has no place for the table`)
  await writeFile(documentFile, `${text.slice(0, from + begin.length)}\`\`\`\n${table}\`\`\`\n${text.slice(to)}`)
}

/** Prints and keeps what was measured. */
async function note(measured: Results): Promise<void> {
  process.stdout.write(`${renderResults(measured)}\n`)
  const all = { ...(await known()), ...measured }
  await writeFile(resultsFile, `${JSON.stringify(all, undefined, 2)}\n`)
  await quote(renderResults(all))
  if (measured.costs !== undefined) await drawCosts(pictureFile, measured.costs)
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => measurements[name] === undefined)
  if (unknown.length > 0) {
    const there = Object.keys(measurements).join(', ')
    console.error(`bench: no measurement is named ${unknown.join(', ')}; there are ${there}`)
    return 2
  }
  const machine = await startMachine(deb)
  try {
    for (const [name, measure] of Object.entries(measurements)) {
      if (names.length > 0 && !names.includes(name)) continue
      console.error(`bench: ${name}`)
      await note(await measure(machine))
    }
  } finally {
    await machine.close()
  }
  return 0
}

process.exitCode = await main(process.argv.slice(2))
