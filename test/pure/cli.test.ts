// The command line: exit codes, results on stdout, messages on stderr. What apply and stop do is in test/kernel/hooks.

import { execa } from 'execa'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { commandLimit } from '../limits.js'
import { bundleProgram } from '../program.js'

const folder = await mkdtemp(join(tmpdir(), 'multilink-cli-'))
t.teardown(() => rm(folder, { recursive: true }))
const program = await bundleProgram(folder)

interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** With no variables of tap's, which puts itself into every Node that it is the parent of. */
const clean = ['-i', `PATH=${process.env['PATH'] ?? ''}`, program]

async function multilink(...args: string[]): Promise<Result> {
  const options = { reject: false, timeout: commandLimit, stripFinalNewline: false, cwd: folder } as const
  const { exitCode, stdout, stderr } = await execa('env', [...clean, ...args], options)
  return { code: exitCode ?? -1, stdout, stderr }
}

/** A root of its own with that config. */
async function rootWith(config: string): Promise<string> {
  const root = await mkdtemp(join(folder, 'root-'))
  await mkdir(join(root, 'etc'))
  await writeFile(join(root, 'etc/multilink.conf'), config, { mode: 0o644 })
  return root
}

const good = '[link.eth0]\nweight = 3\n[link.eth1]\n'
const bad = '[link.eth0]\nweight = 300\nwieght = 1\n'
const commands = ['check', 'plan', 'render', 'apply', 'status', 'stop', 'init']

t.test('--help lists every command on stdout, and each has its own', async (t) => {
  const { code, stdout, stderr } = await multilink('--help')
  t.strictSame([code, stderr], [0, ''])
  for (const command of commands) t.match(stdout, new RegExp(`^ {2}${command} `, 'm'))
  await Promise.all(commands.map(async (command) => {
    const help = await multilink(command, '--help')
    t.strictSame([help.code, help.stderr], [0, ''], command)
    t.match(help.stdout, `Usage: multilink ${command}`)
    t.match(help.stdout, '--config <file>')
    t.match(help.stdout, '--root <dir>')
  }))
})

t.test('--version says a version', async (t) => {
  const { code, stdout } = await multilink('--version')
  t.equal(code, 0)
  t.match(stdout, /^\S+\n$/)
})

t.test('a command line that means nothing is exit 2, with one error and where to look', async (t) => {
  const wrong = [[], ['frobnicate'], ['chek'], ['check', 'extra'], ['check', '--frobnicate'], ['check', '--config'],
    ['plan', '--root'], ['--frobnicate']]
  await Promise.all(wrong.map(async (args) => {
    const { code, stdout, stderr } = await multilink(...args)
    t.strictSame([code, stdout], [2, ''], args.join(' '))
    const message = /^error: .*\n(\(Did you mean .*\)\n)?\n?\(multilink --help/
    t.match(stderr, args.length === 0 ? /^Usage: multilink/ : message, args.join(' '))
  }))
})

t.test('a command that must not work on this machine\'s root is exit 2 and says what to give', async (t) => {
  const render = await multilink('render')
  t.strictSame([render.code, render.stdout], [2, ''])
  t.match(render.stderr, /--root DIR.*nothing was changed/)
  const stop = await multilink('stop', '--root', folder)
  t.strictSame([stop.code, stop.stdout], [2, ''])
  t.match(stop.stderr, /nothing was changed/)
})

t.test('check of a good config: exit 0 and a line on stdout', async (t) => {
  const root = await rootWith(good)
  t.strictSame(await multilink('check', '--root', root),
    { code: 0, stdout: `${root}/etc/multilink.conf is right: 2 links\n`, stderr: '' })
  t.match((await multilink('check', '--root', await rootWith('[link.eth0]\n'))).stdout, /: 1 link\n$/)
  const empty = await multilink('check', '--root', await rootWith(''))
  t.match(empty.stdout, /no link is defined, nothing will be changed/)
})

t.test('a wrong config is exit 1 for each command that reads it, every error on stderr, nothing written', async (t) => {
  const root = await rootWith(bad)
  const errors = /conf:2:10: .*300.*\nweight = 300\n {9}\^\n.*conf:3:1: .*"wieght".*"weight"/
  await Promise.all(['check', 'plan', 'render', 'apply'].map(async (command) => {
    const { code, stdout, stderr } = await multilink(command, '--root', root)
    t.strictSame([code, stdout], [1, ''], command)
    t.match(stderr, errors, command)
  }))
  t.strictSame(await readdir(root), ['etc'])
})

t.test('a config that is not there is exit 1 and says what to do', async (t) => {
  const { code, stdout, stderr } = await multilink('check', '--config', '/nonexistent/multilink.conf')
  t.strictSame([code, stdout], [1, ''])
  t.match(stderr, /^\/nonexistent\/multilink\.conf: there is no such file; .*init.*--config/)
})

t.test('--config names the file, whatever is under the root', async (t) => {
  const root = await rootWith(bad)
  await writeFile(join(root, 'other.conf'), good)
  const { code, stdout } = await multilink('check', '--root', root, '--config', join(root, 'other.conf'))
  t.equal(code, 0)
  t.match(stdout, 'other.conf is right: 2 links')
})

t.test('plan --json is JSON, and the plan.json that render writes', async (t) => {
  const root = await rootWith(good)
  const plan = await multilink('plan', '--json', '--root', root)
  t.strictSame([plan.code, plan.stderr], [0, ''])
  t.match(JSON.parse(plan.stdout), { method: 'nth', slots: ['eth0', 'eth0', 'eth1', 'eth0'] })
  t.strictSame(await multilink('render', '--root', root), { code: 0, stdout: '', stderr: '' })
  t.equal(await readFile(join(root, 'var/lib/multilink/current/plan.json'), 'utf8'), plan.stdout)
  const words = await multilink('plan', '--root', root)
  t.strictSame([words.code, words.stderr], [0, ''])
  t.match(words.stdout, /^slots {2}eth0 eth0 eth1 eth0$/m)
})

t.test('plan goes by the numbers that are remembered', async (t) => {
  const root = await rootWith(good)
  await mkdir(join(root, 'var/lib/multilink'), { recursive: true })
  await writeFile(join(root, 'var/lib/multilink/numbers.json'), '{"eth1": 1}')
  t.match((await multilink('plan', '--root', root)).stdout, /eth1\n {2}mark 0x01000000 /)
})

t.test('render writes under the root, nothing else', async (t) => {
  const root = await rootWith(good)
  await multilink('render', '--root', root)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  t.strictSame(files.map((file) => file.slice(root.length + 1)).sort(), [
    'etc/multilink.conf',
    'var/lib/multilink/current',
    'var/lib/multilink/generations/1/boot',
    'var/lib/multilink/generations/1/changed',
    'var/lib/multilink/generations/1/if-down',
    'var/lib/multilink/generations/1/if-up',
    'var/lib/multilink/generations/1/monitor',
    'var/lib/multilink/generations/1/multilink.conf',
    'var/lib/multilink/generations/1/plan.json',
    'var/lib/multilink/generations/1/rules.nft',
    'var/lib/multilink/generations/1/sysctl.conf',
    'var/lib/multilink/numbers.json',
  ])
})

t.test('apply under another root says what changes and loads nothing', async (t) => {
  const root = await rootWith(good)
  const first = await multilink('apply', '--root', root)
  t.strictSame(first, { code: 0, stdout: 'link eth0: new\nlink eth1: new\n', stderr: '' })
  t.equal((await multilink('apply', '--root', root)).stdout, 'nothing in the plan changes\n')
})

t.test('what the system refuses is exit 3, one line that says whether anything was changed', async (t) => {
  const root = await rootWith(good)
  await writeFile(join(root, 'var'), 'a file where a folder should be')
  for (const command of ['plan', 'render', 'apply']) {
    const { code, stdout, stderr } = await multilink(command, '--root', root)
    t.strictSame([code, stdout], [3, ''], command)
    t.match(stderr, /^multilink: .*nothing was changed\n$/, command)
  }
})

t.test('output that nobody reads any more is no failure of ours', async (t) => {
  const root = await rootWith(good)
  const { stderr } = await execa(`env -i ${program} plan --root ${root} | head -n 1`, { shell: true })
  t.equal(stderr, '')
})
