// Whether a file passes, after one run or three. Only files of a class that is tried again have more than one run.

import type { FileRun } from './run-file.js'

/** Files that may be unstable in one run of everything; .ci/run, which adds up several runs, reads it here. */
export const unstableLimit = 2

export type Verdict = 'passed' | 'unstable' | 'failed'

export function failed(run: FileRun): boolean {
  return run.failures.length > 0 || run.skipped.length > 0
}

/** `runs`: the first, then those that tried the file again. One that fails again has failed, whatever failed first. */
export function verdictOf(runs: readonly [FileRun, ...FileRun[]]): Verdict {
  const [first, ...again] = runs
  if (!failed(first)) return 'passed'
  return again.length > 0 && !again.some(failed) ? 'unstable' : 'failed'
}

/** "UNSTABLE file: assertion", a line for each that failed the first time. */
export function unstableLines(first: FileRun): string[] {
  return first.failures.map(({ assertion }) => `UNSTABLE ${first.file}: ${assertion}`)
}
