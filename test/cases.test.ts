// Every folder of test/cases: a config (and perhaps a root with remembered numbers) in, the tree that `multilink
// render` writes out. What is rendered must be good shell, and rules that nft takes, lists, and takes again as listed.
// UPDATE=1 writes what comes out to the folders, to be read before it is committed.

import { execa } from 'execa'
import { cp, mkdir, mkdtemp, readFile, readdir, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { run } from '../src/cli.js'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const project = fileURLToPath(new URL('..', import.meta.url))
const cases = fileURLToPath(new URL('cases', import.meta.url))
const folders = (await readdir(cases)).sort()
const updating = process.env['UPDATE'] === '1'
const scratch = await mkdtemp(join(tmpdir(), 'multilink-cases-'))
t.teardown(() => rm(scratch, { recursive: true }))

t.setTimeout(400_000)
t.ok(folders.length >= 10, `${folders.length} cases`)

const roots: string[] = []
for (const folder of folders) {
  await t.test(`${folder} renders to the expected tree, the same each time`, async (t) => {
    const expected = join(cases, folder, 'expected')
    const root = await render(t, folder, 'first')
    const written = await readTree(root)
    if (updating) {
      await rm(expected, { recursive: true, force: true })
      await cp(root, expected, { recursive: true, verbatimSymlinks: true })
    }
    t.strictSame(written, await readTree(expected), 'UPDATE=1 writes what is rendered now to expected/')
    t.strictSame(await readTree(await render(t, folder, 'second')), written)
    await renderInto(t, folder, root)
    t.strictSame(await readTree(root), written, 'also over itself')
    roots.push(root)
  })
}

// Shellcheck takes its time.
await t.test('every rendered script is right for shellcheck and for dash', { timeout: 240_000 }, async (t) => {
  const names = ['boot', 'changed', 'if-up', 'if-down', 'monitor']
  const scriptsOf = (root: string) => names.map((name) => inGeneration(root, name))
  const scripts = roots.flatMap(scriptsOf)
  const [first = ''] = roots
  await Promise.all([
    // What is said of a script alone that is about what it sources: SC1091 not followed, SC2034 a variable unused.
    check(t, 'shellcheck', ['-s', 'sh', '-e', 'SC1091,SC2034', ...scripts]),
    // With what it sources, which is the same for all and takes its time.
    check(t, 'shellcheck', ['-x', '-s', 'sh', ...scriptsOf(first)]),
    ...scripts.map((script) => check(t, 'dash', ['-n', script])),
  ])
})

for (const root of roots) {
  await t.test(`the rules of ${root.split('/').at(-2)} load, list, and load again as listed`, async (t) => {
    const listings = join(root, 'listings')
    await mkdir(listings)
    await check(t, 'unshare', ['-n', join(project, 'test/cases-rules'), inGeneration(root, 'rules.nft'), listings])
    const listing = await readFile(join(listings, 'first'), 'utf8')
    t.equal(await readFile(join(listings, 'second'), 'utf8'), listing)
    const json = JSON.parse(await readFile(join(listings, 'json'), 'utf8')) as { nftables: object[] }
    const tables = json.nftables.flatMap((object) => ('table' in object ? [object.table] : []))
    const { links } = JSON.parse(await readFile(inGeneration(root, 'plan.json'), 'utf8')) as { links: object[] }
    if (links.length === 0) return t.equal(listing, '', 'without links nothing is loaded')
    t.match(listing, /^table inet multilink \{\n/)
    t.match(tables, [{ family: 'inet', name: 'multilink' }], 'and no other table')
  })
}

async function render(t: Test, folder: string, name: string): Promise<string> {
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
async function renderInto(t: Test, folder: string, root: string): Promise<void> {
  process.chdir(join(cases, folder))
  const config = (await readdir('.')).find((name) => name.endsWith('.conf')) ?? 'multilink.conf'
  const output = t.capture(process.stderr, 'write')
  const code = await run(['node', main, 'render', '--root', root, '--config', config])
  t.equal(code, 0, output().map((call) => String(call.args[0])).join(''))
  process.chdir(project)
}

/** Path -> what is there: a link's target, or a file's mode and text. Git keeps only whether it is a program. */
async function readTree(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const tree = entries.map(async (entry): Promise<[string, string][]> => {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(root.length + 1)
    if (entry.isDirectory()) return []
    if (entry.isSymbolicLink()) return [[name, `-> ${await readlink(path)}`]]
    const program = ((await stat(path)).mode & 0o100) !== 0
    return [[name, `${program ? 'program' : 'file'}\n${await readFile(path, 'utf8')}`]]
  })
  return Object.fromEntries((await Promise.all(tree)).flat().sort(([a], [b]) => (a < b ? -1 : 1)))
}

function inGeneration(root: string, name: string): string {
  return join(root, 'var/lib/multilink/current', name)
}

async function check(t: Test, command: string, args: readonly string[]): Promise<void> {
  const options = { cwd: project, all: true, reject: false, timeout: 200_000 } as const
  const { exitCode, all, failed } = await execa(command, args, options)
  if (failed) t.fail(`${command}: exit ${exitCode}`, { all })
  else t.pass(`${command} takes ${args.at(-1)}`)
}
