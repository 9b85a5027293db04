// Every folder of test/refused: a config that is wrong, and word for word what an admin is told about it.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config/read.js'
import { AdminError, describeFailure, exitCode } from '../../src/errors.js'

const root = fileURLToPath(new URL('../refused', import.meta.url))
const folders = readdirSync(root).sort()

t.test('there are at least 25 refused configs', async (t) => {
  t.ok(folders.length >= 25, `${folders.length} folders`)
})

for (const folder of folders) {
  t.test(`${folder} is refused in the expected words`, async (t) => {
    const file = join(root, folder, 'multilink.conf')
    const failure = await readConfig(file).then(() => undefined, (error: unknown) => error)
    t.type(failure, AdminError)
    const { text, code } = describeFailure(failure)
    t.equal(code, exitCode.configWrong)
    const expected = readFileSync(join(root, folder, 'messages'), 'utf8')
    t.equal(`${text.replaceAll(file, '/etc/multilink.conf')}\n`, expected)
    for (const error of (failure as AdminError).lines) checkCaret(t, error, readFileSync(file, 'utf8'))
  })
}

/** The position, the source line and the caret of a message agree with each other and with the file. */
function checkCaret(t: Test, error: string, text: string): void {
  const [message = '', source = '', caret = '', ...more] = error.split('\n')
  const [, line, column] = /:(\d+):(\d+): \S/.exec(message) ?? []
  t.same(more, [])
  t.equal([...caret].length, Number(column))
  t.match(caret, /^[ \t]*\^$/)
  const expected = text.replace(/^\ufeff/, '').split('\n')[Number(line) - 1]?.replace(/\r$/, '')
  t.equal(source, expected?.replace(/[^\P{C}\t]/gu, '\ufffd'))
  t.same(tabsOf(caret), tabsOf([...source].slice(0, Number(column) - 1).join('')))
}

function tabsOf(text: string): number[] {
  return [...text].flatMap((character, index) => (character === '\t' ? [index] : []))
}
