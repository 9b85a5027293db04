// Files that cannot be had. Who may write the one that can is in test/kernel/config.

import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../../src/config/read.js'
import { describeFailure, exitCode } from '../../../src/errors.js'

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
