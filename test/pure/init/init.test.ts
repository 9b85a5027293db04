// Each folder of cases/: a root with ifupdown's files and what the kernel knows in, multilink.conf and
// warnings out. UPDATE=1 writes what comes out to the folders, to be read before it is committed.

import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseConfig } from '../../../src/config/parse.js'
import { AdminError } from '../../../src/errors.js'
import { initConfig, initConfigFile } from '../../../src/init/init.js'
import type { Kernel } from '../../../src/init/kernel.js'
import { renderConfig } from '../../../src/init/text.js'

const cases = fileURLToPath(new URL('cases', import.meta.url))
const template = await readFile(new URL('../../../templates/multilink.conf.mustache', import.meta.url), 'utf8')

for (const name of (await readdir(cases)).sort()) {
  await t.test(`init: ${name}`, async (t) => {
    const folder = join(cases, name)
    const kernel = JSON.parse(await readFile(join(folder, 'kernel.json'), 'utf8')) as Kernel
    const { text, warnings, links } = await initConfig({ root: join(folder, 'root'), template, kernel })
    const told = warnings.map((warning) => `${warning}\n`).join('')
    if (process.env['UPDATE']) {
      await writeFile(join(folder, 'multilink.conf'), text)
      await writeFile(join(folder, 'warnings'), told)
    }
    t.equal(text, await readFile(join(folder, 'multilink.conf'), 'utf8'), 'the config is the expected one')
    t.equal(told, await readFile(join(folder, 'warnings'), 'utf8'), 'the warnings are the expected ones')
    const config = parseConfig(text, '/etc/multilink.conf')
    t.same(
      config.links.map((link) => link.name),
      links,
      '`multilink check` accepts it, with these links',
    )
    t.equal(config.links.find((link) => link.isDefault)?.name, links[0], 'the first link is the default')
    t.ok(
      text.split('\n').every((line) => line.length <= 80),
      'no line is wider than 80 columns',
    )
  })
}

await t.test('the file as shipped defines no link and is a valid config', async (t) => {
  t.same(parseConfig(renderConfig(template, [], false), '/etc/multilink.conf').links, [])
})

await t.test('every example in the file is valid once its # is taken away', async (t) => {
  const text = renderConfig(template, [], false).replace(/^#(?=[\w[])/gm, '')
  t.same(
    parseConfig(text, '/etc/multilink.conf').links.map(({ name }) => name),
    ['eth0', 'eth1'],
  )
})

await t.test('a machine without any way out gets no config', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'init-'))
  t.teardown(() => rm(root, { recursive: true }))
  const kernel = { defaults: [], devices: [] }
  const file = join(root, 'multilink.conf')
  await t.rejects(initConfigFile(file, { root, template, kernel }), {
    code: 1,
    message: /nothing was changed/,
  })
  await t.rejects(stat(file), { code: 'ENOENT' })
})

await t.test("what is at the config's place", async (t) => {
  const folder = join(cases, '01-three-links')
  const kernel = JSON.parse(await readFile(join(folder, 'kernel.json'), 'utf8')) as Kernel
  const expected = await readFile(join(folder, 'multilink.conf'), 'utf8')
  const directory = await mkdtemp(join(tmpdir(), 'init-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const init = (file: string) => initConfigFile(file, { root: join(folder, 'root'), template, kernel })

  await t.test('nothing: the config is written, for root alone to change', async (t) => {
    const file = join(directory, 'none.conf')
    await init(file)
    t.equal(await readFile(file, 'utf8'), expected)
    t.equal((await stat(file)).mode & 0o777, 0o644)
  })
  await t.test('a config that defines no link: it is replaced and kept as FILE~', async (t) => {
    const file = join(directory, 'shipped.conf')
    await writeFile(file, 'method = "random"\n')
    await init(file)
    t.equal(await readFile(file, 'utf8'), expected)
    t.equal(await readFile(`${file}~`, 'utf8'), 'method = "random"\n')
  })
  const kept = {
    'defines a link': '[link.eth7]\n',
    'defines one inline': 'link = { eth7 = {} }\n',
    'is not TOML': 'method =\n',
  }
  for (const [what, text] of Object.entries(kept)) {
    await t.test(`a config that ${what}: it is refused by name and stays as it was`, async (t) => {
      const file = join(directory, 'kept.conf')
      await writeFile(file, text)
      const error: unknown = await init(file).then(
        () => undefined,
        (error: unknown) => error,
      )
      t.type(error, AdminError)
      t.match((error as AdminError).message, file)
      t.match((error as AdminError).message, /eth7|not TOML/)
      t.equal(await readFile(file, 'utf8'), text)
    })
  }
  t.same(
    (await readdir(directory)).filter((name) => name.endsWith('.new')),
    [],
    'no half-written file is left',
  )
})
