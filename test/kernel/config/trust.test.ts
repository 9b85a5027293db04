// Who may own and write a config that is to be applied. Needs root, who gives files away.

import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../../src/config/read.js'
import { describeFailure, exitCode } from '../../../src/errors.js'

const told = (promise: Promise<unknown>) => promise.then(() => undefined, describeFailure)

t.test('a config that root owns and only root may write is trusted', async (t) => {
  const file = configOf(t.testdir({}), 0o644)
  t.equal(await told(readConfig(file, { ownedByRoot: true })), undefined)
})

t.test('a config that others own or may write is refused with the command that mends it', async (t) => {
  const file = configOf(t.testdir({}), 0o664)
  t.same(await told(readConfig(file, { ownedByRoot: true })), {
    text: `${file}: mode 0664 lets others write it; only root may: chmod go-w ${file}`,
    code: exitCode.configWrong,
  })
  chownSync(file, 65534, 0)
  chmodSync(file, 0o602)
  t.same(await told(readConfig(file, { ownedByRoot: true })), {
    text: `${file}: it belongs to uid 65534; root must own it: chown root:root ${file}\n` +
      `${file}: mode 0602 lets others write it; only root may: chmod go-w ${file}`,
    code: exitCode.configWrong,
  })
})

t.test('whoever owns it: a FIFO is refused at once, not waited for', async (t) => {
  const fifo = join(t.testdir({}), 'fifo')
  execFileSync('mkfifo', ['-m', '644', fifo])
  const refused = { text: `${fifo}: this is no plain file; apply takes nothing else`, code: exitCode.configWrong }
  t.same(await told(readConfig(fifo, { ownedByRoot: true })), refused)
})

t.test('a name the shell would misread is quoted in the command', async (t) => {
  const directory = join(t.testdir({}), "it's a $name")
  mkdirSync(directory)
  const file = configOf(directory, 0o666)
  t.match((await told(readConfig(file, { ownedByRoot: true })))?.text, `chmod go-w '${file.replace("'", "'\\''")}'`)
})

function configOf(directory: string, mode: number): string {
  const file = join(directory, 'multilink.conf')
  writeFileSync(file, '')
  chownSync(file, 0, 0)
  chmodSync(file, mode)
  return file
}
