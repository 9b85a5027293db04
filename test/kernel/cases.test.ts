// What every folder of test/cases renders is good shell, and rules that nft takes, lists, and takes again as listed.

import { execa } from 'execa'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { folders, inGeneration, renderCase } from '../cases.js'
import { commandLimit } from '../limits.js'
import { project } from '../program.js'

const roots = new Map<string, string>()
await t.test('every case renders', async (t) => {
  for (const folder of folders) roots.set(folder, await renderCase(t, folder, 'kernel'))
})

await t.test('every rendered script is right for shellcheck and for dash', async (t) => {
  const names = ['boot', 'changed', 'if-up', 'if-down', 'monitor']
  for (const [index, root] of [...roots.values()].entries()) {
    const scripts = names.map((name) => inGeneration(root, name))
    // What is said of a script alone that is about what it sources: SC1091 not followed, SC2034 a variable unused.
    await check(t, 'shellcheck', ['-s', 'sh', '-e', 'SC1091,SC2034', ...scripts])
    // With what it sources, which is the same for all and takes its time.
    if (index === 0) await check(t, 'shellcheck', ['-x', '-s', 'sh', ...scripts])
    await Promise.all(scripts.map((script) => check(t, 'dash', ['-n', script])))
  }
})

for (const [folder, root] of roots) {
  await t.test(`the rules of ${folder} load, list, and load again as listed`, async (t) => {
    const listings = join(root, 'listings')
    await mkdir(listings)
    const load = join(project, 'test/kernel/cases-rules')
    await check(t, 'unshare', ['-n', load, inGeneration(root, 'rules.nft'), listings])
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

async function check(t: Test, command: string, args: readonly string[]): Promise<void> {
  const options = { cwd: project, all: true, reject: false, timeout: commandLimit } as const
  const { exitCode, all, failed } = await execa(command, args, options)
  if (failed) t.fail(`${command}: exit ${exitCode}`, { all })
  else t.pass(`${command} takes ${args.at(-1)}`)
}
