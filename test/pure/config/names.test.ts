// Which names a link may have.

import t from 'tap'
import { interfaceNameProblem, isInterfaceName, quoteKey } from '../../../src/config/names.js'

t.test('names that Debian gives interfaces are taken', async (t) => {
  const names = [
    'eth0', 'enp3s0f1', 'wlan0', 'rausb0', 'ppp0', 'eth0.10', 'br-lan', '_x', 'wlx00c0caabcde', '10',
  ]
  for (const name of names) t.ok(isInterfaceName(name), name)
})

t.test('names the kernel, a shell, nft or a path could misread are refused', async (t) => {
  const names = [
    '', '.', '..', '.down', '-a', '--all', 'a/b', 'a b', 'a\tb', 'a\nb', 'eth0\n', 'a:1', ':', 'a*', 'a"b',
    'a\'b', 'a$b', 'a;b', '@a', 'a@b', 'a%d', 'é', 'lo', 'all', 'default', 'a234567890123456', 'a\u0000',
  ]
  for (const name of names) t.notOk(isInterfaceName(name), JSON.stringify(name))
})

t.test('the kernel\'s limit counts bytes', async (t) => {
  t.equal(interfaceNameProblem('a23456789012345'), undefined)
  t.match(interfaceNameProblem('a234567890123456'), 'has 16 bytes')
  t.match(interfaceNameProblem('é'.repeat(8)), 'has 16 bytes')
})

t.test('a key is quoted where TOML needs it', async (t) => {
  t.equal(quoteKey('br-lan'), 'br-lan')
  t.equal(quoteKey('eth0.10'), '"eth0.10"')
})
