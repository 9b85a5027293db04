// Runs programs in named network namespaces. In: a namespace, a program, its arguments; out: what it printed.
// Every program has a time limit; nothing here knows the lab's topology.

import { readdir } from 'node:fs/promises'
import { execa, execaSync } from 'execa'
import { commandLimit } from '../limits.js'

export interface RunOptions {
  readonly input?: string
  /** milliseconds; default commandLimit */
  readonly timeout?: number
  /** do not throw when the program fails */
  readonly reject?: boolean
  readonly env?: Record<string, string>
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly milliseconds: number
}

/** What every program of the lab starts with: nothing of the test runner's environment. */
export const cleanEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  TERM: 'dumb',
  LC_ALL: 'C.UTF-8',
}

/** Runs a program; throws with its output if it fails and `reject` is not false. */
export async function run(program: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [file, ...args] = program as [string, ...string[]]
  const result = await execa(file, args, {
    env: { ...cleanEnvironment, ...options.env },
    extendEnv: false,
    timeout: options.timeout ?? commandLimit,
    reject: options.reject ?? true,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  })
  if (result.timedOut) throw new Error(`${program.join(' ')}: still running at its time limit`)
  return {
    code: result.exitCode ?? 128,
    stdout: result.stdout,
    stderr: result.stderr,
    milliseconds: result.durationMs,
  }
}

/** The words that put a program into a namespace. */
export function within(namespace: string, program: readonly string[]): string[] {
  return ['ip', 'netns', 'exec', namespace, ...program]
}

/**
 * Several `ip` commands in one call, one a line, in the host's namespace or the one named. Where no address tells the
 * family, it is IPv4 unless said.
 */
export async function ipBatch(
  commands: readonly string[],
  namespace?: string,
  family: '-4' | '-6' = '-4',
): Promise<void> {
  const place = namespace === undefined ? [] : ['-n', namespace]
  const families = family === '-6' ? ['-6'] : []
  await run(['ip', ...place, ...families, '-batch', '-'], { input: commands.join('\n') + '\n' })
}

/** Names of the namespaces whose name begins with the prefix. */
export async function namespacesOf(prefix: string): Promise<string[]> {
  const names = await readdir('/run/netns').catch(() => [])
  return names.filter((name) => name.startsWith(prefix))
}

/** Ids of the processes that live in a namespace. */
export async function processesIn(namespace: string): Promise<number[]> {
  const { stdout } = await run(['ip', 'netns', 'pids', namespace], { reject: false })
  return stdout.split('\n').filter(Boolean).map(Number)
}

/** Ends what lives in the namespaces and removes them, at once: for exits and signals. */
export function removeNamespacesNow(names: readonly string[]): void {
  for (const name of names) {
    const { stdout } = execaSync('ip', ['netns', 'pids', name], { reject: false, timeout: commandLimit })
    for (const id of stdout.split('\n').filter(Boolean)) kill(Number(id))
    execaSync('ip', ['netns', 'del', name], { reject: false, timeout: commandLimit })
  }
}

/** Ends one process; it may have ended by itself. */
export function kill(id: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(id, signal)
  } catch {
    // gone already
  }
}
