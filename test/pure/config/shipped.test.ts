// The file as shipped: what stands behind a # there is right, complete, and the default where it says so.

import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parseConfig } from '../../../src/config/parse.js'
import { keys } from '../../../src/config/schema.js'
import { renderConfig } from '../../../src/init/text.js'
import { configOf } from '../plan/config.js'

const template = await readFile(new URL('../../../templates/multilink.conf.mustache', import.meta.url), 'utf8')
const shipped = renderConfig(template, [], false)
/** Remarks have a space after their #, settings have none. */
const settings = shipped.replace(/^#(?=[a-z[])/gm, '')

t.test('as it is, it defines nothing', async (t) => {
  t.strictSame(parseConfig(shipped, '/etc/multilink.conf'), configOf([]))
})

t.test('with every # taken away it is right, and what is not a link\'s or the bypass\'s is the default', async (t) => {
  const { links, bypass, ...rest } = parseConfig(settings, '/etc/multilink.conf')
  const { links: none, bypass: nothing, ...defaults } = configOf([])
  t.strictSame(rest, defaults)
  t.ok(links.length > none.length)
  t.notSame(bypass, nothing, 'examples, which differ from the default')
})

t.test('every key is named in it', async (t) => {
  for (const key of Object.values(keys).flat()) t.match(shipped, new RegExp(`\\b${key}\\b`), key)
})
