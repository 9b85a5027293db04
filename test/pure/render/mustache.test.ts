// Templates are data with holes: a missing name is an error, and no value can become code.

import { execaSync } from 'execa'
import t from 'tap'
import {
  commentText, quoteNft, quoteNothing, quoteShell, renderTemplate, withLast,
} from '../../../src/render/mustache.js'

t.test('a name that the view does not have is an error', async (t) => {
  t.throws(() => renderTemplate('{{nobody}}', {}, quoteNothing), { message: /unknown name "nobody"/ })
  t.throws(() => renderTemplate('{{{nobody}}}', {}, quoteNothing), { message: /unknown name "nobody"/ })
  t.throws(() => renderTemplate('{{#nobody}}x{{/nobody}}', {}, quoteNothing), { message: /unknown name "nobody"/ })
  t.throws(() => renderTemplate('{{^nobody}}x{{/nobody}}', {}, quoteNothing), { message: /unknown name "nobody"/ })
  t.throws(() => renderTemplate('{{#links}}{{nobody}}{{/links}}', { links: [{ name: 'a' }] }, quoteNothing))
})

t.test('what is empty, false or 0 is not missing', async (t) => {
  const view = { text: '', no: false, none: [], zero: 0 }
  t.equal(renderTemplate('[{{text}}{{#no}}x{{/no}}{{^none}}y{{/none}}{{zero}}]', view, quoteNothing), '[y0]')
})

t.test('within a list the names outside it are known', async (t) => {
  const view = { config: 'F', links: withLast([{ name: 'a' }, { name: 'b' }]) }
  t.equal(renderTemplate('{{#links}}{{name}}:{{config}}{{^last}}, {{/last}}{{/links}}', view, quoteNothing), 'a:F, b:F')
})

t.test('nothing is escaped for HTML', async (t) => {
  t.equal(renderTemplate('{{a}} {{{a}}}', { a: '<&"\'/`=' }, quoteNothing), '<&"\'/`= <&"\'/`=')
})

t.test('dash reads every quoted value as that value', async (t) => {
  const values = ['', 'eth0', 'a b', '$(reboot)', '`reboot`', '\'', '\'; reboot; \'', '"', '\\', '#x', '*', '~', '!',
    'ü', 'not fwmark 0/0xff000000', '-n', 'a\tb', 'line\nline']
  for (const value of values) {
    const script = renderTemplate('printf %s {{value}}', { value }, quoteShell)
    t.equal(execaSync('dash', ['-c', script], { stripFinalNewline: false }).stdout, value)
  }
})

t.test('what could end a statement of nft is refused, whatever it is', async (t) => {
  for (const value of ['eth0;', 'a b', '"', '}', '$x', '#', 'a\nb', 'ü', '@set', ',']) {
    t.throws(() => quoteNft(value), { message: /cannot stand in an nft rule/ }, JSON.stringify(value))
  }
  t.equal(quoteNft('eth0.10'), 'eth0.10')
  t.equal(quoteNft('10.8.0.0/16'), '10.8.0.0/16')
})

t.test('a comment stays one line', async (t) => {
  t.equal(commentText('/etc/a\nreboot\r\u2028\u2029\u0085\u0000\u001b[31m.conf'), '/etc/a?reboot??????[31m.conf')
  t.equal(commentText('/etc/mülti link.conf'), '/etc/mülti link.conf')
})
