// The file dist/multilink.deb itself: what Debian's own checkers say of it, and that a build can be repeated.

import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { commandLimit } from '../../limits.js'
import { deb } from './debian.js'

const build = path.resolve(import.meta.dirname, '../../../debian/build-deb')
const field = async (name: string) => (await execa('dpkg-deb', ['--field', deb, name])).stdout

t.test('two builds are the same, byte for byte, whatever the time zone, language and umask', async (t) => {
  const again = path.join(t.testdir(), 'again.deb')
  const env = { TZ: 'Pacific/Auckland', LC_ALL: 'C', LANG: 'C' }
  await execa('sh', ['-c', 'umask 077 && exec "$0" "$1"', build, again], { env, timeout: commandLimit })
  const [first, second] = await Promise.all([readFile(deb), readFile(again)])
  t.ok(first.equals(second), `${deb} and a second build of it differ`)
})

t.test('it is smaller than 300 KB', async (t) => {
  t.ok((await stat(deb)).size < 300_000)
})

t.test('lintian finds no error and no warning', async (t) => {
  const words = ['--allow-root', '--fail-on', 'error,warning', '--tag-display-limit', '0', deb]
  const { exitCode, all } = await execa('lintian', words, { all: true, reject: false, timeout: commandLimit })
  t.equal(exitCode, 0, all)
})

t.test('its version is the one in package.json', async (t) => {
  const text = await readFile(path.resolve(import.meta.dirname, '../../../package.json'), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  t.equal(await field('Version'), version)
})

t.test('it is for every architecture', async (t) => {
  t.equal(await field('Architecture'), 'all')
})

t.test('the man pages have no mistake that man can see', async (t) => {
  for (const page of ['multilink.8', 'multilink.conf.5']) {
    const file = path.resolve(import.meta.dirname, '../../../man', page)
    const env = { MANROFFSEQ: '', MANWIDTH: '80', LC_ALL: 'C.UTF-8' }
    const { stderr } = await execa('man', ['--warnings', '-l', file], { env, timeout: commandLimit })
    t.equal(stderr, '', page)
  }
})
