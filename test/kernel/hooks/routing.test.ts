// hooks/lib/routing.awk: routes and rules that should be and that are there, in; the commands that make the one the
// other, out. The listings are those of `ip -N -o`; verbs.test.ts does the same with the kernel's own.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const script = fileURLToPath(new URL('../../../hooks/lib/routing.awk', import.meta.url))

interface Tables {
  readonly routes?: readonly string[]
  readonly routesThere?: readonly string[]
  readonly rules?: readonly string[]
  readonly rulesThere?: readonly string[]
}

/** Runs it on files with these lines, each after what it is said to be. */
async function runScript(parts: readonly (readonly [string, readonly string[]])[], replacing = ''): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'multilink-routing-'))
  const words: string[] = []
  for (const [index, [kind, lines]] of parts.entries()) {
    const file = join(folder, String(index))
    await writeFile(file, lines.map((line) => `${line}\n`).join(''))
    words.push(...kind.split(' '), file)
  }
  const settings = ['-v', 'protocol=157', '-v', 'families=4', '-v', `replacing=${replacing}`]
  const { stdout } = await execa('awk', [...settings, '-f', script, ...words])
  await rm(folder, { recursive: true })
  return stdout.split('\n').filter(Boolean)
}

function compare(tables: Tables, replacing?: 'yes'): Promise<string[]> {
  const { routes = [], routesThere = [], rules = [], rulesThere = [] } = tables
  const parts = [
    ['wanted=route family=4', routes],
    ['wanted=rule', rules],
    ['wanted=no family=4', [...routesThere, ...rulesThere]],
  ] as const
  return runScript(parts, replacing)
}

const route = 'default via 192.168.1.1 dev eth0 table 1001 onlink'
const kernelRules = ['0:\tfrom all lookup 255', '32766:\tfrom all lookup 254', '32767:\tfrom all lookup 253']

t.test('nothing to do where nothing is wanted and nothing of ours is there', async (t) => {
  t.strictSame(await compare({}), [])
  t.strictSame(await compare({ rulesThere: kernelRules }), [])
})

t.test('what is missing is added: routes by replace, rules with their priority, both with our protocol', async (t) => {
  const rules = [
    '1100: not from all fwmark 0/0xff000000 lookup 254 suppress_prefixlength 0',
    '1101: from all fwmark 0xff000000/0xff000000 goto 1104',
    '1102: from all fwmark 0x1000000/0xff000000 lookup 1001',
    '1103: not from all fwmark 0/0xff000000 unreachable',
    '1104: from all nop',
  ]
  t.strictSame(await compare({ routes: [route], rules, rulesThere: kernelRules }), [
    'add4 rule add priority 1104 from all nop protocol 157',
    `add4 route replace ${route} protocol 157`,
    'add4 rule add priority 1100 not fwmark 0/0xff000000 lookup 254 suppress_prefixlength 0 protocol 157',
    'add4 rule add priority 1101 from all fwmark 0xff000000/0xff000000 goto 1104 protocol 157',
    'add4 rule add priority 1102 from all fwmark 0x1000000/0xff000000 lookup 1001 protocol 157',
    'add4 rule add priority 1103 not fwmark 0/0xff000000 unreachable protocol 157',
  ])
})

t.test('what is there in the kernel\'s spelling is left alone', async (t) => {
  const rules = [
    '1100: not from all fwmark 0/0xff000000 lookup 254 suppress_prefixlength 0',
    '1101: from all fwmark 0xff000000/0xff000000 goto 1104',
    '1103: not from all fwmark 0/0xff000000 unreachable',
    '1104: from all nop',
    '32800: from all lookup 7',
  ]
  const rulesThere = [
    '0:\tfrom all lookup 255',
    '1100:\tnot from all fwmark 0/0xff000000 lookup 254 suppress_prefixlength 0 proto 157',
    '1101:\tfrom all fwmark 0xff000000/0xff000000 goto 1104 proto 157',
    '1103:\tnot from all fwmark 0/0xff000000 7 proto 157',
    '1104:\tfrom all nop proto 157',
    '32800:\tfrom all lookup 7 proto 157',
  ]
  t.strictSame(await compare({ routes: [route], routesThere: [`${route} `], rules, rulesThere }), [])
})

t.test('that a goto leads nowhere yet, and that a link is down, are only the kernel\'s comments', async (t) => {
  t.strictSame(await compare({
    routes: [route],
    routesThere: [`${route} dead linkdown `],
    rules: ['1101: from all fwmark 0xff000000/0xff000000 goto 1104'],
    rulesThere: ['1101:\tfrom all fwmark 0xff000000/0xff000000 goto 1104 [unresolved] proto 157'],
  }), [])
})

t.test('what is too many is taken away by its full selector', async (t) => {
  const rulesThere = [
    '1102:\tfrom all fwmark 0x1000000/0xff000000 lookup 1001 proto 157',
    '1103:\tnot from all fwmark 0/0xff000000 7 proto 157',
  ]
  t.strictSame(await compare({ routesThere: [`${route} `], rulesThere }), [
    'del4 rule del priority 1103 not fwmark 0/0xff000000 unreachable protocol 157',
    `del4 route del ${route} protocol 157`,
    'del4 rule del priority 1102 from all fwmark 0x1000000/0xff000000 lookup 1001 protocol 157',
  ])
})

t.test('while rules replace others nothing is refused: what refuses comes last and goes first', async (t) => {
  const commands = await compare({
    rules: ['1361: from all fwmark 0/0xc0000000 goto 1617', '2384: not from all fwmark 0/0xff000000 unreachable',
      '2385: from all nop'],
    rulesThere: ['1101:\tfrom all fwmark 0xff000000/0xff000000 goto 1357 proto 157',
      '1356:\tnot from all fwmark 0/0xff000000 7 proto 157', '1357:\tfrom all nop proto 157'],
  })
  t.strictSame(commands.map((command) => command.replace(/(priority \d+).* (goto|nop|unreachable).*/, '$1 $2')), [
    'add4 rule add priority 2385 nop',
    'add4 rule add priority 1361 goto',
    'add4 rule add priority 2384 unreachable',
    'del4 rule del priority 1356 unreachable',
    'del4 rule del priority 1101 goto',
    'del4 rule del priority 1357 nop',
  ])
})

t.test('what is listed twice is there once', async (t) => {
  const rule = '1104:\tfrom all nop proto 157'
  const routesThere = [`${route} `, `${route} `, `${route} linkdown `]
  const rules = ['1104: from all nop']
  t.strictSame(await compare({ routes: [route], routesThere, rules, rulesThere: [rule, rule] }), [])
  t.strictSame(await compare({ routesThere, rulesThere: [rule, rule] }), [
    `del4 route del ${route} protocol 157`,
    'del4 rule del priority 1104 from all nop protocol 157',
  ])
})

t.test('another gateway takes the place of the old one, then the old one goes if it is still there', async (t) => {
  const other = 'default via 192.168.1.254 dev eth0 table 1001 onlink'
  t.strictSame(await compare({ routes: [other], routesThere: [`${route} `] }), [
    `add4 route replace ${other} protocol 157`,
    `del4 route del ${route} protocol 157`,
  ])
})

t.test('what is replaced needs not be deleted; another metric is another place', async (t) => {
  const other = 'default via 192.168.1.254 dev eth0 table 1001 onlink'
  const routesThere = [`${route} `, 'default via 192.168.1.1 dev eth0 table 1255 metric 2 onlink ']
  t.strictSame(await compare({ routes: [other, other.replace('1001', '1255 metric 1')], routesThere }, 'yes'), [
    `add4 route replace ${other} protocol 157`,
    'add4 route replace default via 192.168.1.254 dev eth0 table 1255 metric 1 onlink protocol 157',
    'del4 route del default via 192.168.1.1 dev eth0 table 1255 metric 2 onlink protocol 157',
  ])
})

t.test('other programs\' rules are never touched, also on our priorities or with a protocol like ours', async (t) => {
  const rulesThere = [
    ...kernelRules,
    '1102:\tfrom all fwmark 0x1000000/0xff000000 lookup 1001',
    '1102:\tfrom all fwmark 0x1000000/0xff000000 lookup 1001 proto 1570',
    '5270:\tfrom all lookup 52 proto 4',
    '32764:\tfrom all lookup 254 suppress_prefixlength 0',
    '32765:\tnot from all fwmark 0xca6c lookup 51820',
  ]
  t.strictSame(await compare({ rulesThere }), [])
  const wanted = await compare({ rules: ['1102: from all fwmark 0x1000000/0xff000000 lookup 1001'], rulesThere })
  t.strictSame(wanted, ['add4 rule add priority 1102 from all fwmark 0x1000000/0xff000000 lookup 1001 protocol 157'])
})

t.test('each family has its own, and main\'s routes are nobody\'s', async (t) => {
  const route6 = 'default via fe80::1 dev eth0 table 1001 metric 1024 onlink'
  const routerSays = 'default via fe80::2 dev eth0 proto ra metric 1024 pref medium'
  const left = '2 default dev lo table 1000 metric 1 pref medium'
  const done = await runScript([
    ['wanted=route family=4', [route]],
    ['wanted=route family=6', [route6]],
    ['wanted=no family=4', ['default via 192.168.1.1 dev eth0 ', '==']],
    ['wanted=no family=6', [routerSays, left]],
  ])
  t.strictSame(done, [
    `add4 route replace ${route} protocol 157`,
    `add6 route replace ${route6} protocol 157`,
    'del6 route del local default dev lo table 1000 metric 1 protocol 157',
  ])
})
