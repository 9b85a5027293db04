// Runs a test file many times beside a load on all processors. In: the file, how often (20). Out: a line a run, then
// which assertions failed how often; exit status 0 if none did.

import { execa } from 'execa'
import { availableParallelism } from 'node:os'
import { project } from '../program.js'
import { classOf } from './classes.js'
import { runFile } from './run-file.js'
import { failed } from './verdict.js'

/** One busy process a processor; they end with this one, whatever becomes of it. */
function startLoad(): () => void {
  const busy = Array.from({ length: availableParallelism() }, () =>
    execa('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore', reject: false }),
  )
  return () => {
    for (const program of busy) program.kill('SIGKILL')
  }
}

async function main([file, times = '20', ...rest]: readonly string[]): Promise<number> {
  const count = Number(times)
  if (file === undefined || rest.length > 0 || !(Number.isInteger(count) && count > 0)) {
    console.error('usage: npm run test:repeat -- FILE [TIMES]')
    return 2
  }
  classOf(file)
  const stopLoad = startLoad()
  const tally = new Map<string, number>()
  let bad = 0
  for (let n = 1; n <= count; n++) {
    const run = await runFile(project, file)
    const { failures, skipped, seconds } = run
    console.log(`run ${n} of ${count}: ${failed(run) ? 'FAILED' : 'ok'}, ${seconds.toFixed(1)} s`)
    for (const { assertion, detail } of failures) console.log(`  ${assertion}\n${detail.replace(/^/gm, '    ')}`)
    if (failed(run)) bad++
    for (const assertion of new Set([...failures.map((failure) => failure.assertion), ...skipped])) {
      tally.set(assertion, (tally.get(assertion) ?? 0) + 1)
    }
  }
  stopLoad()
  console.log()
  for (const [assertion, often] of [...tally].sort(([, a], [, b]) => b - a)) {
    console.log(`${String(often).padStart(4)} of ${count}: ${assertion}`)
  }
  console.log(`${count - bad} passed, ${bad} failed`)
  return bad === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
