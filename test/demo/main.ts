// The demo: the how-to's box downloads over one link, then over all three. In: dist/multilink.deb, --update.
// Out: progress, a table, dist/demo.svg and dist/demo.txt (with --update in docs/ too); exits 0 if the links'
// rates add up.

import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { constants, cpus, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { labPrefix } from '../lab/cleanup.js'
import { raiseNetwork, type Lab } from '../lab/network.js'
import { until } from '../lab/wait.js'
import { footprintOf, leftOf, removeFolders, type Footprint } from './footprint.js'
import { drawPicture } from './picture.js'
import { say, show } from './progress.js'
import { faultOf } from './result.js'
import { tellStory, type Outcome } from './story.js'
import { renderResult } from './table.js'

const rate = 150_000
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

process.chdir(fileURLToPath(new URL('../..', import.meta.url)))
let stoppedBy: (typeof signals)[number] | undefined
// At a signal the lab removes itself at once; what the story waits for then fails, and main tidies up.
for (const signal of signals) process.on(signal, () => (stoppedBy ??= signal))
// A terminal that went away must not keep the demo from tidying up.
process.stdout.on('error', () => undefined)

process.exitCode = await main(process.argv.includes('--update'))

async function main(update: boolean): Promise<number> {
  const started = performance.now()
  let outcome: Outcome | undefined
  let footprint: Footprint = { prefix: labPrefix(1), networks: new Set() }
  let lab: Lab | undefined
  const problems: string[] = []
  try {
    say(`\nThree links of ${rate / 1000} KB/s, each to a gateway of its own; a web server beyond.`)
    show('apt install ./multilink.deb')
    lab = await raiseNetwork({ deb: 'dist/multilink.deb', rate })
    footprint = await footprintOf(lab, footprint.prefix)
    say((await lab.box.run(['dpkg-query', '--show', 'multilink'])).stdout.replace('\t', ' '))
    outcome = await tellStory(lab)
  } catch (failure) {
    problems.push(stoppedBy === undefined ? messageOf(failure) : `stopped by ${stoppedBy}`)
  }
  if (lab !== undefined && stoppedBy === undefined) problems.push(...(await close(lab)))
  const left = await tidy(footprint)
  problems.push(...left.map((what) => `left behind: ${what}`))
  if (outcome !== undefined) problems.push(...(await publish(outcome)))
  if (update && problems.length === 0) await copyToDocs()

  if (left.length === 0) say('Nothing is left behind: no namespace, process, mount or directory.')
  for (const problem of problems) process.stderr.write(`demo: ${problem}\n`)
  say(`It took ${((performance.now() - started) / 1000).toFixed(0)} s.`)
  if (stoppedBy !== undefined) return 128 + constants.signals[stoppedBy]
  return problems.length === 0 ? 0 : 1
}

/** Closing the lab also asserts that no gateway saw a source address that was not its link's. */
async function close(lab: Lab): Promise<string[]> {
  return lab.close().then(() => [], (failure: unknown) => [messageOf(failure)])
}

/** What is left although it was given time to end. */
async function tidy(footprint: Footprint): Promise<string[]> {
  const empty = async (): Promise<boolean> => {
    await removeFolders(footprint)
    return (await leftOf(footprint)).length === 0
  }
  await until('nothing is left', empty, { every: 100 }).catch(() => undefined)
  return leftOf(footprint)
}

/** Prints and writes the table and the picture; answers what is wrong with them. */
async function publish({ result, intervals }: Outcome): Promise<string[]> {
  const table = renderResult(result)
  say(`\n${table}`)
  await drawPicture('dist/demo.svg', intervals, result)
  await writeFile('dist/demo.txt', `${table}\nMeasured by \`npm run demo\` on ${await machine()}.\n`)
  say('Picture: dist/demo.svg   Table: dist/demo.txt')
  const fault = faultOf(result)
  return fault === undefined ? [] : [fault]
}

async function copyToDocs(): Promise<void> {
  for (const name of ['demo.svg', 'demo.txt']) await copyFile(`dist/${name}`, `docs/${name}`)
  say('Copied to docs/demo.svg and docs/demo.txt')
}

async function machine(): Promise<string> {
  const system = await readFile('/etc/os-release', 'utf8')
  const name = /^PRETTY_NAME="(.*)"$/m.exec(system)?.[1] ?? 'an unknown system'
  const kernel = /^\d+\.\d+/.exec(release())?.[0] ?? release()
  return `${name},\nLinux ${kernel}, ${cpus().length} processors, Node ${process.versions.node}`
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure)
}
