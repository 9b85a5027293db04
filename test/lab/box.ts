// The box: the machine multilink runs on, a throwaway Debian in its own network namespace. In: programs to
// run and files to write; out: what they printed. box-root.sh makes its root; close() ends all that runs in
// it.

import { mkdir, readFile, rmdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { cleanEnvironment, kill, run, within, type RunOptions, type RunResult } from './namespaces.js'
import { until } from './wait.js'

const script = fileURLToPath(new URL('box-root.sh', import.meta.url))

export interface Box {
  readonly namespace: string
  /** id of the box's process 1, for nsenter by hand */
  readonly holder: number
  /** the words that put a program into the box: its network, files and processes */
  enter(program: readonly string[]): string[]
  run(program: readonly string[], options?: RunOptions): Promise<RunResult>
  /** a few lines of sh */
  sh(text: string, options?: RunOptions): Promise<RunResult>
  write(path: string, text: string, mode?: string): Promise<void>
  read(path: string): Promise<string>
  close(): Promise<void>
}

/**
 * Starts the box in a namespace that exists, its root mounted on `place`: the files of the Debian in the
 * directory `root`, changed by `template`, which rootTemplate() made.
 */
export async function startBox(
  namespace: string,
  place: string,
  root: string,
  template: string | undefined,
): Promise<Box> {
  await mkdir(place)
  const apart = ['--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child']
  // Should this process be killed, so is the box: everything in it ends with its process 1.
  const start = ['setpriv', '--pdeathsig', 'KILL', ...within(namespace, ['unshare', ...apart, script, place, root])]
  const [file, ...args] = [...start, ...(template === undefined ? [] : [template])] as [string, ...string[]]
  const outer = execa(file, args, {
    env: cleanEnvironment,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    buffer: false,
    cleanup: true,
  })
  let printed = ''
  let complaint = ''
  outer.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  outer.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  let ended = false
  void outer.then(() => (ended = true))
  await until('the throwaway root is ready', () => {
    if (ended) throw new Error(`the throwaway root did not start: ${complaint}`)
    return printed.includes('ready')
  })
  const outerId = outer.pid as number
  const children = await readFile(`/proc/${outerId}/task/${outerId}/children`, 'utf8')
  const holder = Number(children.trim())

  // tap puts itself into NODE_OPTIONS of all it starts; the box's own Node must not look for it.
  const enter = (program: readonly string[]): string[] => [
    ...['nsenter', '--target', String(holder), '--mount', '--uts', '--ipc', '--net', '--pid'],
    ...['--root', '--wd', '--', 'env', '-u', 'NODE_OPTIONS', ...program],
  ]
  const box: Box = {
    namespace,
    holder,
    enter,
    run: (program, options) => run(enter(program), options),
    sh: (text, options) => run(enter(['sh', '-c', text]), options),
    write: async (path, text, mode = '0644') => {
      const commands = 'mkdir -p "${1%/*}" && cat >"$1" && chmod "$2" "$1"'
      await run(enter(['sh', '-c', commands, 'sh', path, mode]), { input: text })
    },
    read: async (path) => (await run(enter(['cat', path]))).stdout,
    close: async () => {
      kill(holder)
      await until('the box has ended', () => ended)
      await rmdir(place)
    },
  }
  return box
}
