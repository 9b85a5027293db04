// Files that cannot be had, and who may write the one that can.

import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../src/config/read.js'
import { describeFailure, exitCode } from '../../src/errors.js'

const told = (promise: Promise<unknown>) => promise.then(() => undefined, describeFailure)

t.test('a file is read as the config it is', async (t) => {
  const file = join(t.testdir({ 'multilink.conf': 'method = "hash"\n' }), 'multilink.conf')
  const config = await readConfig(file)
  t.equal(config.method, 'hash')
  t.equal(config.file, file)
})

t.test('a file that is not there is the admin\'s to mend', async (t) => {
  const file = join(t.testdir({}), 'multilink.conf')
  const text = `${file}: there is no such file; "multilink init" writes a first one, --config FILE names another`
  t.same(await told(readConfig(file)), { text, code: exitCode.configWrong })
})

t.test('a directory is not a config', async (t) => {
  const directory = t.testdir({})
  t.same(await told(readConfig(directory)), {
    text: `${directory}: this is a directory; name the file in it`,
    code: exitCode.configWrong,
  })
})

t.test('a file the system does not give is the system\'s refusal', async (t) => {
  const loop = join(t.testdir({ loop: t.fixture('symlink', 'loop') }), 'loop')
  const failure = await told(readConfig(loop))
  t.equal(failure?.code, exitCode.refused)
  t.match(failure?.text, /cannot be read \(ELOOP\); nothing was changed$/)
})

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
