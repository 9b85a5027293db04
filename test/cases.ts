// The folders of test/cases, rendered: a config (and perhaps a root with remembered numbers) in, the tree that
// `multilink render` writes out. Nothing of this machine is changed.

import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../src/cli.js'
import { project } from './program.js'

const main = join(project, 'src/main.ts')
export const cases = join(project, 'test/cases')
/** The folders' names, in order. */
export const folders = (await readdir(cases)).sort()
const scratch = await mkdtemp(join(tmpdir(), 'multilink-cases-'))
t.teardown(() => rm(scratch, { recursive: true }))

/** Renders a case into a root of its own, which goes with the file's tests; returns the root's path. */
export async function renderCase(t: Test, folder: string, name: string): Promise<string> {
  const root = join(scratch, folder, name)
  await mkdir(root, { recursive: true })
  const before = join(cases, folder, 'root')
  await cp(before, root, { recursive: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  })
  await renderInto(t, folder, root)
  return root
}

/** The config's path goes into the headers, so it is given relative to its folder. */
export async function renderInto(t: Test, folder: string, root: string): Promise<void> {
  process.chdir(join(cases, folder))
  const config = (await readdir('.')).find((name) => name.endsWith('.conf')) ?? 'multilink.conf'
  const output = t.capture(process.stderr, 'write')
  const code = await run(['node', main, 'render', '--root', root, '--config', config])
  t.equal(code, 0, output().map((call) => String(call.args[0])).join(''))
  process.chdir(project)
}

export function inGeneration(root: string, name: string): string {
  return join(root, 'var/lib/multilink/current', name)
}
