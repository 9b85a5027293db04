// Configs that nobody writes by hand: each is an error of the admin's with its place, and none is a defect of ours.

import t, { type Test } from 'tap'
import { AdminError } from '../../../src/errors.js'
import { parseConfig } from '../../../src/config/parse.js'

/** What is said of a text, the first line of it; at most so much as fits a screen. */
function refusal(t: Test, text: string): string {
  try {
    parseConfig(text, 'f')
  } catch (error) {
    t.ok(error instanceof AdminError, String(error).slice(0, 200))
    const said = (error as AdminError).lines[0] ?? ''
    t.ok(said.length < 1500, `${said.length} characters`)
    return said.split('\n')[0] ?? ''
  }
  throw new Error('it was taken')
}

const key = 'k'.repeat(60_000)
const nested = /^f:1:\d+: this is more than 50 brackets deep, and nothing in a config is$/

for (const [what, text, expected] of [
  ['lists in lists', `a = ${'['.repeat(5000)}${']'.repeat(5000)}\n`, nested],
  ['tables in tables', `a = ${'{a='.repeat(5000)}1${'}'.repeat(5000)}\n`, nested],
  ['lists that do not end', `a = ${'['.repeat(5000)}`, nested],
  ['a key with many dots', `${'a.'.repeat(5000)}a = 1\n`, /^f:1:1: unknown key "a"/],
  ['a header with many dots', `[${'a.'.repeat(5000)}a]\nb = 1\n`, /^f:1:2: unknown table \[a\]/],
  ['a long key', `${key} = 1\n`, /^f:1:1: unknown key "k+…/],
  ['a long key, twice', `${key} = 1\n${key} = 2\n`, /^f:1:1: unknown key "k+…/],
  ['a long key in quotes, twice', `"${key}" = 1\n"${key}" = 2\n`, /^f:1:1: unknown key "k+…/],
  ['a long name of a link', `[link.${key}]\n`, /^f:1:7: link k+…/],
  ['a long value', `method = "${key}"\n`, /^f:1:10: method/],
  ['a long text that does not end', `method = "${'\\'.repeat(99_999)}`, /^f:1:10: method/],
  ['an error far behind in a long line', `method = "nth" ${' '.repeat(60_000)}x\n`, /^f:1:60016: this is one too many/],
  ['many texts of several lines', '"""\n'.repeat(9999), /^f:1:1: this does not belong here/],
] as const) {
  t.test(what, (t) => {
    t.match(refusal(t, text), expected)
    t.end()
  })
}

t.test('brackets in comments and texts open nothing', (t) => {
  const open = '['.repeat(99)
  const config = `[link.eth0] # ${open}\ncheck_command = '${open}'\n[link.eth1]\ncheck_command = """${open}"""\n`
  t.equal(parseConfig(config, 'f').links.length, 2)
  t.end()
})
