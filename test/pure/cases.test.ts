// Every folder of test/cases renders to the tree that is expected of it. What nft and shells make of that is in
// test/kernel/cases.test.ts. UPDATE=1 writes what comes out to the folders, to be read before it is committed.

import { cp, readFile, readdir, readlink, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { cases, folders, renderCase, renderInto } from '../cases.js'

const updating = process.env['UPDATE'] === '1'

t.ok(folders.length >= 10, `${folders.length} cases`)

for (const folder of folders) {
  await t.test(`${folder} renders to the expected tree, the same each time`, async (t) => {
    const expected = join(cases, folder, 'expected')
    const root = await renderCase(t, folder, 'first')
    const written = await readTree(root)
    if (updating) {
      await rm(expected, { recursive: true, force: true })
      await cp(root, expected, { recursive: true, verbatimSymlinks: true })
    }
    t.strictSame(written, await readTree(expected), 'UPDATE=1 writes what is rendered now to expected/')
    t.strictSame(await readTree(await renderCase(t, folder, 'second')), written)
    await renderInto(t, folder, root)
    t.strictSame(await readTree(root), written, 'also over itself')
  })
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
