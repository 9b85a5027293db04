// Runs tests: class by class, pure ones side by side, the others one after another. In: short, long or system, or the
// files; out: a line a file, all of what failed, and a summary. Exit status 0 if all passed, 1 if not, 2 usage.

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { project } from '../program.js'
import { allFiles, classes, classNames, classOf, inOrder, isOf, selections, type ClassName } from './classes.js'
import { runFile, type FileRun } from './run-file.js'
import { failed, unstableLimit, unstableLines, verdictOf, type Verdict } from './verdict.js'

interface Outcome {
  readonly runs: readonly [FileRun, ...FileRun[]]
  readonly verdict: Verdict
}

async function filesFor(words: readonly string[]): Promise<string[]> {
  const [word] = words
  const selection = selections.find((name) => name === word)
  if (selection !== undefined) return (await allFiles(project)).filter((file) => isOf(selection, file))
  const files = inOrder(words.map((file) => file.replace(/^\.\//, '')))
  for (const file of files) {
    await access(join(project, file)).catch(() => {
      throw new Error(`${file}: there is no such file`)
    })
  }
  return files
}

async function runClass(name: ClassName, files: readonly string[]): Promise<Outcome[]> {
  const { jobs, triedAgain } = classes[name]
  const waiting = [...files]
  const firsts: FileRun[] = []
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        const run = await runFile(project, file)
        print(run)
        firsts.push(run)
      }
    }),
  )
  const outcomes: Outcome[] = []
  for (const first of firsts) {
    const runs: [FileRun, ...FileRun[]] = [first]
    for (let n = 1; n <= 2 && triedAgain && failed(first); n++) {
      console.log(`tried again, ${n} of 2:`)
      const run = await runFile(project, first.file)
      print(run)
      runs.push(run)
    }
    outcomes.push({ runs, verdict: verdictOf(runs) })
  }
  return outcomes
}

function print(run: FileRun): void {
  const { file, passed, failures, skipped, comments, seconds } = run
  const word = failed(run) ? 'FAILED' : 'ok    '
  console.log(`${word} ${seconds.toFixed(1).padStart(6)} s ${String(passed).padStart(5)}  ${file}`)
  for (const comment of comments) console.log(`         # ${comment}`)
  for (const assertion of skipped) console.log(`    skipped: ${assertion}`)
  for (const { assertion, detail } of failures) {
    console.log(`    failed: ${assertion}\n${detail.replace(/^/gm, '      ')}`)
  }
}

function summarize(outcomes: readonly Outcome[], seconds: ReadonlyMap<ClassName, number>): boolean {
  const count = (some: readonly Outcome[], verdict: Verdict): number =>
    some.filter((outcome) => outcome.verdict === verdict).length
  const lastOf = ({ runs }: Outcome): FileRun => runs.at(-1) as FileRun
  console.log()
  for (const { runs, verdict } of outcomes) {
    if (verdict === 'unstable') for (const line of unstableLines(runs[0])) console.log(line)
    if (verdict === 'failed') console.log(`FAILED ${runs[0].file}`)
  }
  for (const [name, took] of seconds) {
    const own = outcomes.filter(({ runs }) => classOf(runs[0].file) === name)
    const tests = own.reduce((sum, outcome) => sum + lastOf(outcome).passed, 0)
    console.log(
      `${name.padEnd(7)}${String(own.length).padStart(3)} files${String(tests).padStart(6)} passed` +
        `${String(count(own, 'failed')).padStart(3)} failed${took.toFixed(0).padStart(5)} s`,
    )
  }
  const unstable = count(outcomes, 'unstable')
  if (unstable > unstableLimit) console.log(`${unstable} files are unstable; ${unstableLimit} may be`)
  // An unstable file counts as what it is at last. A failed one as what failed in its first run.
  const passed = outcomes.reduce((sum, outcome) => sum + lastOf(outcome).passed, 0)
  const failures = outcomes.filter(({ verdict }) => verdict === 'failed')
  const failedCount = failures.reduce((sum, { runs: [first] }) => sum + first.failures.length + first.skipped.length, 0)
  const tooUnstable = unstable > unstableLimit ? unstable : 0
  console.log(`${passed} passed, ${failedCount + tooUnstable} failed`)
  return failures.length === 0 && tooUnstable === 0
}

async function main(words: readonly string[]): Promise<number> {
  let files: string[]
  try {
    files = await filesFor(words)
  } catch (error) {
    console.error(`test: ${(error as Error).message}`)
    return 2
  }
  if (files.length === 0) {
    console.error(`usage: test/runner ${selections.join('|')}|FILE…`)
    return 2
  }
  const outcomes: Outcome[] = []
  const seconds = new Map<ClassName, number>()
  for (const name of classNames) {
    const own = files.filter((file) => classOf(file) === name)
    if (own.length === 0) continue
    const started = performance.now()
    outcomes.push(...(await runClass(name, own)))
    seconds.set(name, (performance.now() - started) / 1000)
  }
  return summarize(outcomes, seconds) ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
