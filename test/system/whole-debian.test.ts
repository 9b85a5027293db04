// Boots a whole Debian 12 in qemu, cabled as ./far-end draws it, and lets it install, use, reboot and purge the .deb:
// guest/run does the checks and reports them line by line. Root is required; three boots take about five minutes.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import t from 'tap'
import { deb } from '../kernel/package/debian.js'
import { commandLimit, fileLimit, installLimit } from '../limits.js'

const here = (name: string) => path.join(import.meta.dirname, name)
/** The guest's limits, in seconds, for its shell. */
const limits = `limit=${commandLimit / 1000}\nboot_limit=${installLimit / 1000}\n`

/** The namespace that the box is cabled to; `unshare` stays outside it as the parent of what it started. */
async function nearTheBox(machine: number, command: string, ...args: string[]): Promise<boolean> {
  const inner = (await readFile(`/proc/${machine}/task/${machine}/children`, 'utf8')).trim()
  return new Promise((done) => {
    execFile('nsenter', ['--target', inner, '--net', '--', command, ...args], (error) => done(error === null))
  })
}

function cables(place: string, state: 'on' | 'off') {
  const monitor = connect(path.join(place, 'monitor'))
  for (const nic of [0, 1, 2]) monitor.write(`set_link nic${nic} ${state}\n`)
  monitor.end()
}

/** Its gateway answers all the same. */
async function provider(machine: number, state: 'dead' | 'alive', tap: string): Promise<void> {
  const verb = state === 'dead' ? 'add' : 'delete'
  const done = await nearTheBox(machine, 'nft', `${verb} element ip far-end dead { ${tap} }`)
  if (!done) throw new Error(`nft could not make the provider beyond ${tap} ${state}`)
}

t.test('a whole Debian with the package', async (t) => {
  const place = await mkdtemp(path.join(tmpdir(), 'multilink-system-'))
  t.teardown(() => rm(place, { recursive: true }))

  const root = (await execa(here('../debian-root'), ['system'], { timeout: installLimit })).stdout
  await writeFile(path.join(place, 'limits'), limits)
  await execa('unshare', ['--mount', here('disk'), root, deb, place], { timeout: installLimit })

  // env -i: the test runner instruments every Node that inherits its environment
  const clean = ['-i', `PATH=${process.env['PATH'] ?? ''}`]
  const apart = ['unshare', '--net', '--pid', '--fork', '--kill-child', here('far-end'), place]
  // What is left of the file's limit is for saying where it stood.
  const machine = execa('env', [...clean, ...apart], { buffer: false, reject: false, timeout: fileLimit * 0.9 })
  t.teardown(() => machine.kill('SIGKILL'))

  /** What the box cannot do itself. */
  const asked: Record<string, () => unknown> = {
    cut: () => cables(place, 'off'),
    mend: () => cables(place, 'on'),
    'kill eth2': () => provider(machine.pid as number, 'dead', 'tap2'),
    'revive eth2': () => provider(machine.pid as number, 'alive', 'tap2'),
    lan: async () => {
      const patience = String(commandLimit / 1000)
      const reached = await nearTheBox(machine.pid as number, 'ping', '-c', '1', '-W', patience, '10.0.0.2')
      t.ok(reached, 'the LAN reaches the box')
    },
  }

  let ended = false
  for await (const line of createInterface({ input: machine.stdout })) {
    const [, report, rest = ''] = /^(ok|not ok|ask|foreign|end|#) ?(.*?)\r?$/.exec(line) ?? []
    if (report === 'ok') t.pass(rest)
    if (report === 'not ok') t.fail(rest)
    if (report === 'ask') await asked[rest]?.()
    if (report === '#') t.comment(rest)
    if (report === 'end') ended = true
    if (report === 'foreign') t.equal(rest, '0', 'no packet left a link with a source that is not its own')
  }
  await machine
  t.ok(ended, 'the machine went through all its boots')
  if (!ended) t.comment((await readFile(path.join(place, 'console'), 'utf8')).split('\n').slice(-60).join('\n'))
})
