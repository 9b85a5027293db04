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
import { measureScale, measureTimes } from './scale.js'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const resultsFile = file('results.json')
const documentFile = file('../docs/performance.md')
const pictureFile = file('../docs/performance.svg')
const seed = 2006
const { env } = process
/** For a quick look at a few, by name; nothing is written then. */
const wanted = {
  contenders: env['MULTILINK_BENCH_CONTENDERS']?.split(' '),
  loads: env['MULTILINK_BENCH_LOADS']?.split(' '),
  rounds: env['MULTILINK_BENCH_ROUNDS'],
}
const partial = Object.values(wanted).some((value) => value !== undefined)
const rounds = Number(wanted.rounds ?? 8)

const balancers = contenders.filter(({ chooses }) => chooses)

async function costs(machine: Machine): Promise<Results> {
  const chosen = wanted.contenders === undefined ? contenders : named(...wanted.contenders)
  const chosenLoads = loads.filter(({ name }) => wanted.loads?.includes(name) ?? true)
  for (const contender of chosen) await raise(machine, contender, contender.name)
  const names = chosen.map(({ name }) => name)
  const results = await measureCosts(machine, names, chosenLoads, rounds, randomNumbers(seed))
  for (const name of names) await lower(machine, name)
  return { costs: results }
}

/** What runs in a counting machine, by its name. Two machines run at a time, as long as each other. */
const counted: readonly Record<string, (machine: Machine) => Promise<Results>>[] = [
  {
    costs,
    failover: async (machine) => ({ failover: await measureFailover(machine) }),
  },
  {
    exactness: async (machine) => ({ exactness: await measureExactness(machine, balancers) }),
    aggregation: async (machine) => {
      const [single] = named('single')
      if (single === undefined) throw new Error('single is no contender')
      return { aggregation: await measureAggregation(machine, single, named('ecmp', 'shorewall', 'howto', 'nth')) }
    },
    scale: async (machine) => ({ scale: await measureScale(machine, randomNumbers(seed)) }),
  },
]

/** What is measured on this machine, by its clock, and so alone. */
const timed: Record<string, () => Promise<Results>> = {
  times: async () => ({ times: await measureTimes() }),
}

const begin = Date.now()
const elapsed = (): string => `${((Date.now() - begin) / 60_000).toFixed(1)} minutes`

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
  if (partial) return
  const all = { ...(await known()), ...measured }
  await writeFile(resultsFile, `${JSON.stringify(all, undefined, 2)}\n`)
  await quote(renderResults(all))
  if (measured.costs !== undefined) await drawCosts(pictureFile, measured.costs)
}

/** Runs those of a machine's measurements that are asked for, and keeps what each comes to in `results`. */
async function count(group: (typeof counted)[number], asked: readonly string[], results: Results): Promise<void> {
  const chosen = Object.entries(group).filter(([name]) => asked.includes(name))
  if (chosen.length === 0) return
  const machine = await startMachine(deb)
  try {
    for (const [name, measure] of chosen) {
      console.error(`bench: ${name}, ${elapsed()}`)
      Object.assign(results, await measure(machine))
    }
  } finally {
    await machine.close()
  }
}

async function main(names: readonly string[]): Promise<number> {
  const all = [...counted, timed].flatMap((group) => Object.keys(group))
  const unknown = names.filter((name) => !all.includes(name))
  if (unknown.length > 0) {
    console.error(`bench: no measurement is named ${unknown.join(', ')}; there are ${all.join(', ')}`)
    return 2
  }
  const asked = names.length > 0 ? names : all
  const results: Results = {}
  const ends = await Promise.allSettled(counted.map((group) => count(group, asked, results)))
  for (const [name, measure] of Object.entries(timed)) {
    if (asked.includes(name)) Object.assign(results, await measure())
  }
  await note(results)
  console.error(`bench: ${elapsed()} in all`)
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []))
  for (const failure of failures) console.error(failure)
  return failures.length > 0 ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
