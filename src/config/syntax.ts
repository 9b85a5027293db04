// A line that is not TOML, and what the parser said of it, in; what is wrong in an admin's words, out.

import type { Finding } from './source.js'

/** The parser's messages (it has no codes) in our words. */
const words = new Map([
  ['Unterminated string constant', 'the text has no closing quote; close it on the same line'],
  ['Unterminated table-key', 'the table has no closing bracket here; a table is written [link.eth0]'],
  ['Unterminated array', 'the list that ends here has no closing ]'],
  ['Unterminated inline table', 'the table that ends here has no closing }'],
  ['Empty bare keys are not allowed', 'a name is missing here; a table is written [link.eth0]'],
  ['Must be a newline', 'this is one too many; a line holds one KEY = VALUE or one [TABLE]'],
  ['Expected equal (=) token', 'a = is missing here; a line is KEY = VALUE or [TABLE]'],
  ['Unspecified values are invalid', 'the value is missing; a line is KEY = VALUE or [TABLE]'],
  ['Expected comma (,) token', 'a comma is missing here, between two values of a list'],
  ['Unexpected character', 'this character does not belong here; a line is KEY = VALUE or [TABLE]'],
  ['Unexpected token', 'this does not belong here; a line is KEY = VALUE or [TABLE]'],
  [
    'Control characters (codes < 0x1f and 0x7f) are not allowed',
    'a control character does not belong here; delete it',
  ],
  [
    'The key, equals sign, and value must be on the same line',
    'the line before is not finished; KEY = VALUE is one line, and a [TABLE] ends with ]',
  ],
  [
    'No newlines are allowed between the curly braces unless they are valid within a value',
    'a table in { } must be on one line',
  ],
  ['Underscores are allowed between digits', 'an underscore stands between two digits of a number only'],
  ['Unexpected spaces', 'a space does not belong here'],
  ['Three or more quotes are not permitted', 'there are too many quotes here'],
  ['Unexpected invalid date', 'there is no such date'],
  ['Unexpected invalid time', 'there is no such time'],
  ['Leading zeros are not allowed', 'a number has no leading zero'],
  ['Trailing comma is not permitted in an inline table', 'the last value in { } has no comma after it'],
  ['Invalid character in escape sequence', 'this is no escape that TOML knows; write \\\\ for a backslash'],
  ['Consecutive dots are not permitted in keys', 'a name is missing between two dots'],
  ['Keys cannot end with a dot', 'a name is missing after the dot'],
  ['Keys cannot start with a dot', 'a name is missing before the dot'],
])

/** A setting on one line: what is before the value, the key, the value without a comment. */
const setting = /^(\s*([\w-]+)\s*=[ \t]*)([^#]*?)[ \t\r]*(?:#.*)?$/

/** What is wrong with the line that begins at `start`; `at` is where the parser stopped. */
export function explainSyntax(line: string, start: number, at: number, message: string): Finding {
  const [, before = '', key, value = ''] = setting.exec(line) ?? []
  const word = value.startsWith('[') ? findBareText(value) : undefined
  const said = key === undefined
    ? (explainHeader(line) ?? explainLine(line))
    : (explainValue(key, value) ?? (word && `${word.text} is text without quotes; write "${word.text}"`))
  if (said === undefined) return { at, message: words.get(message) ?? `TOML: ${message}` }
  const column = key === undefined ? line.search(/\S/) : before.length + (word?.at ?? 0)
  return { at: start + column, message: said }
}

/** What is wrong where what begins in this line goes on where it should have ended. */
export function explainUnfinished(line: string, start: number): Finding {
  const [, before = '', key, value = ''] = setting.exec(line) ?? []
  const at = start + (key === undefined ? line.search(/\S/) : before.length)
  if (key === undefined) return { at, message: explainLine(line) ?? 'what begins in this line does not end' }
  if (value === '') return { at: start + line.search(/\S/), message: explainValue(key, value) ?? '' }
  if (value.startsWith('{')) {
    return { at, message: `${key}: a table in { } must be on one line; write [${key}]` }
  }
  const [what, close] = value.startsWith('[') ? ['list', ']'] : ['text', value.slice(0, 3)]
  return { at, message: `${key}: the ${what} that begins here has no closing ${close}` }
}

/** What is wrong within a list of several lines, in the line where the parser stopped. */
export function explainElement(line: string, start: number, at: number, message: string): Finding {
  const word = findBareText(line)
  if (word === undefined) return { at, message: words.get(message) ?? `TOML: ${message}` }
  return { at: start + word.at, message: `${word.text} is text without quotes; write "${word.text}"` }
}

/** In a list, the first word, address or range that should have had quotes. */
function findBareText(value: string): { text: string; at: number } | undefined {
  const outside = value.replace(/"[^"]*"|'[^']*'|#.*/g, (text) => ' '.repeat(text.length))
  if (/["']/.test(outside)) return undefined
  for (const { 0: text, index } of outside.matchAll(/[A-Za-z0-9][\w.:/-]*/g)) {
    if (!/^(\d[\d_]*(\.\d+)?|0[xob][\da-f_]+|true|false)$/i.test(text)) return { text, at: index }
  }
  return undefined
}

function explainValue(key: string, value: string): string | undefined {
  if (value === '') return `${key} has no value; write ${key} = VALUE, or delete the line`
  if (/^(true|yes|on|enabled?)$/i.test(value)) return `${key} ${value} is not a value of TOML; write true`
  if (/^(false|no|off|disabled?)$/i.test(value)) return `${key} ${value} is not a value of TOML; write false`
  if (/^0\d+$/.test(value)) return `${key} ${value} has a leading zero; write ${Number(value)}`
  if (/^["'][^"']*$/.test(value)) return `${key} ${value} has no closing quote; a text begins and ends with "`
  if (/^\.\d+$/.test(value)) return `${key} ${value} has nothing before the point; write 0${value}`
  if (/^\d+\.$/.test(value)) return `${key} ${value} has nothing after the point; write ${value.slice(0, -1)}`
  if (/^[\d.]+ *(ms|s|sec|seconds?|m|min|h|%)$/i.test(value)) {
    return `${key} ${value} has a unit; write the number alone, multilink.conf(5) says in which unit`
  }
  const bare = /^[A-Za-z0-9:][A-Za-z0-9_.:/-]*$/.test(value)
  if (bare && /[A-Za-z:]|\d\.\d+\./.test(value) && !/^0[xob]/.test(value)) {
    return `${key} ${value} is text without quotes; write ${key} = "${value}"`
  }
  return undefined
}

function explainHeader(line: string): string | undefined {
  const [, name] = /^\s*\[\[?\s*link\.([^\]"'\s]+)\s*\]/.exec(line) ?? []
  const spaced = /^\s*\[\s*link\s+([\w-]+)\s*\]/.exec(line)
  if (spaced) return `the table's name has a space; write [link.${spaced[1]}]`
  if (name === undefined || /^[\w-]+(\.[\w-]+)*$/.test(name)) return undefined
  const alias = /^([\w-]+):/.exec(name)
  if (alias) return `${name} is an alias, which is an address of ${alias[1]}; write [link.${alias[1]}]`
  return undefined
}

function explainLine(line: string): string | undefined {
  if (/^\s*(;|\/\/)/.test(line)) return 'this is not how a comment begins; write # first'
  const colon = /^\s*([\w-]+)\s*:\s*(\S.*)$/.exec(line)
  if (colon) return `${colon[1]} has a colon after it; write ${colon[1]} = ${colon[2]?.trim()}`
  const space = /^\s*([\w-]+)[ \t]+([^=\s#][^=#]*)$/.exec(line)
  if (space) return `${space[1]} has no = after it; write ${space[1]} = ${space[2]?.trim()}`
  const half = /^\s*\[(\[[^\]]*\])\s*(?:#.*)?$/.exec(line)
  if (half) return `[${half[1]} has two opening brackets; a table is written ${half[1]}`
  const [, open] = /^\s*(\[[^\]#]*?)\s*(?:#.*)?$/.exec(line) ?? []
  return open === undefined ? undefined : `${open} has no closing bracket; write ${open}]`
}
