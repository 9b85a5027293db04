// What becomes of the command line's output, and what it takes from whom: no reader, a full disk, odd spellings of /,
// somebody who is not root. Needs root, who runs it as somebody else.

import { execa } from 'execa'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { commandLimit } from '../limits.js'
import { bundleProgram } from '../program.js'

const folder = await mkdtemp(join(tmpdir(), 'multilink-output-'))
t.teardown(() => rm(folder, { recursive: true }))
const program = await bundleProgram(folder)
await chmod(folder, 0o755)
const shared = join(folder, 'shared')
await mkdir(join(shared, 'etc'), { recursive: true })
await chmod(shared, 0o777)
await writeFile(join(shared, 'etc/multilink.conf'), '[link.eth0]\n[link.eth1]\n', { mode: 0o644 })

/**
 * Runs a line of sh in which `multilink` is the program; without tap's variables. As nobody in particular: a program
 * that takes an odd root for this machine's must not be able to change it.
 */
async function sh(line: string): Promise<{ code: number | undefined; stdout: string; stderr: string }> {
  const script = `multilink() { ${program} "$@"; }\n${line}`
  const environment = ['-i', `PATH=${process.env['PATH'] ?? ''}`]
  const options = { reject: false, timeout: commandLimit, cwd: shared, uid: 65534, gid: 65534 } as const
  const { exitCode, stdout, stderr } = await execa('env', [...environment, 'sh', '-c', script], options)
  return { code: exitCode, stdout, stderr }
}

t.test('output that nobody reads ends the command silently, exit 0', async (t) => {
  for (const args of ['plan', 'plan --json', '--help', 'check']) {
    // The reader has gone before the first byte: its end of the pipe is closed before the command starts.
    const root = args === '--help' ? '' : '--root .'
    const { stderr } = await sh(`{
      until [ -e gone ]; do sleep 0.01; done
      multilink ${args} ${root}
      echo $? >code
    } | {
      exec <&-
      : >gone
    }`)
    t.equal(stderr, '', args)
    t.equal(await readFile(join(shared, 'code'), 'utf8'), '0\n', args)
    await rm(join(shared, 'gone'))
  }
})

t.test('output to a full disk is exit 3 and one line', async (t) => {
  for (const args of ['plan', 'plan --json', 'check']) {
    const { code, stderr } = await sh(`multilink ${args} --root . >/dev/full`)
    t.equal(code, 3, args)
    t.match(stderr, /^multilink: .*ENOSPC.*$/, args)
    t.equal(stderr.split('\n').length, 1, args)
  }
})

t.test('an empty root is a usage error, not this machine', async (t) => {
  for (const command of ['check', 'plan', 'render', 'apply', 'status', 'stop', 'init']) {
    const { code, stdout, stderr } = await sh(`multilink ${command} --root ''`)
    t.strictSame([code, stdout], [2, ''], command)
    t.match(stderr, /--root/, command)
  }
})

t.test('// and /./ are this machine', async (t) => {
  for (const root of ['//', '/./', '/etc/..']) {
    const { code, stderr } = await sh(`multilink render --root ${root}`)
    t.equal(code, 2, root)
    t.match(stderr, 'render writes for another root', root)
    const stop = await sh(`multilink stop --root ${root}`)
    t.strictSame([stop.code, stop.stderr], [3, 'multilink: only root may do this; nothing was changed'], root)
  }
})

t.test('only root may apply and stop on this machine', async (t) => {
  for (const command of ['apply', 'stop']) {
    const { code, stdout, stderr } = await sh(`cd /; multilink ${command}`)
    t.strictSame([code, stdout, stderr], [3, '', 'multilink: only root may do this; nothing was changed'], command)
  }
})
