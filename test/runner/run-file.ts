// Runs one test file as a program of its own and reads the TAP that it prints. In: the file; out: what passed and what
// failed.

import { execa } from 'execa'
import { Parser, type Result } from 'tap-parser'
import { fileLimit } from '../limits.js'
import { classes, classOf } from './classes.js'

export interface Failure {
  /** the titles from the file's test down to the assertion, joined by " > " */
  readonly assertion: string
  /** what the assertion compared, as it was printed */
  readonly detail: string
}

export interface FileRun {
  readonly file: string
  readonly passed: number
  readonly failures: readonly Failure[]
  /** assertions that were not tried (skip, todo) */
  readonly skipped: readonly string[]
  /** what the tests say about themselves */
  readonly comments: readonly string[]
  readonly seconds: number
}

/** Runs a file in the project's folder, confined if its class is. */
export async function runFile(project: string, file: string): Promise<FileRun> {
  const started = performance.now()
  const words = confinedWords(file, ['node', '--import', 'tsx', file])
  const [command, ...args] = words as [string, ...string[]]
  const program = execa(command, args, {
    cwd: project,
    env: { TAP_TIMEOUT: String(fileLimit / 1000) },
    stdin: 'ignore',
    reject: false,
    all: true,
    // The test ends itself at its limit, and says where it was. This is for one that cannot.
    timeout: fileLimit + 30_000,
    forceKillAfterDelay: 10_000,
  })
  const { stdout, all, exitCode, signal } = await program
  const ending = exitCode === 0 ? '' : `exit ${exitCode ?? signal}`
  return { file, ...readTap(stdout, all, ending), seconds: (performance.now() - started) / 1000 }
}

function confinedWords(file: string, words: readonly string[]): readonly string[] {
  if (!classes[classOf(file)].confined) return words
  return ['unshare', '--net', 'setpriv', '--bounding-set=-all', '--inh-caps=-all', ...words]
}

/**
 * What a file's TAP says. `all` is what it printed to both outputs, `ending` how it ended, empty if well: a file that
 * breaks off, or that tries nothing, has failed too.
 */
export function readTap(tap: string, all: string, ending: string): Omit<FileRun, 'file' | 'seconds'> {
  const failures: Failure[] = []
  const skipped: string[] = []
  let passed = 0
  const parser = new Parser()
  parser.on('result', ({ ok, fullname, name, skip, todo, diag }: Result) => {
    const assertion = [...fullname.split(' > ').slice(0, -1), name].filter(Boolean).join(' > ')
    if (skip !== false || todo !== false) skipped.push(assertion)
    else if (ok) passed++
    else failures.push({ assertion, detail: describe(diag) })
  })
  parser.end(tap)
  const last = all.split('\n').slice(-40).join('\n')
  if (failures.length === 0 && (ending !== '' || parser.results?.ok === false)) {
    failures.push({ assertion: `the file ends well (${ending || 'its TAP is incomplete'})`, detail: last })
  }
  if (failures.length === 0 && passed === 0) failures.push({ assertion: 'the file tests something', detail: last })
  const comments = tap.split('\n').flatMap((line) => /^ *# (?!Subtest: |time=|\{ total: )(.*)/.exec(line)?.[1] ?? [])
  return { passed, failures, skipped, comments }
}

function describe(diag: unknown): string {
  if (typeof diag !== 'object' || diag === null) return ''
  return Object.entries(diag)
    .filter(([key]) => !['stack', 'source'].includes(key))
    .map(([key, value]) => {
      if (key === 'at') return `at: ${placeOf(value)}`
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      return text.includes('\n') ? `${key}:\n${text.replace(/^/gm, '  ')}` : `${key}: ${text}`
    })
    .join('\n')
}

function placeOf(at: unknown): string {
  const { fileName = '?', lineNumber = '?' } = (at ?? {}) as { fileName?: string; lineNumber?: number }
  return `${fileName}:${lineNumber}`
}
