// The counting machine: a Debian with Debian's kernel in qemu, whose clock advances by a nanosecond with each
// instruction that its one processor executes (-icount), and leaps over the time in which it has nothing to do. So a
// time measured in it without a pause is a number of instructions, the same whatever else the real machine does. In: a
// .deb; out: a Machine that runs scripts. close() ends it and removes its disk.

import { rmSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { cleanEnvironment } from '../../test/lab/namespaces.js'
import { uponExit } from '../../test/lab/cleanup.js'
import { until } from '../../test/lab/wait.js'

const here = (name: string): string => join(import.meta.dirname, name)
const minutes = (count: number): number => count * 60_000

export interface Machine {
  /** runs a few lines of sh as root; returns what they printed, throws it if they fail */
  run(script: string): Promise<string>
  close(): Promise<void>
}

// Ciphers that would test themselves when udev loads them, for longer than all else of the boot takes.
const unwanted =
  'aesni_intel,ghash_clmulni_intel,sha1_ssse3,sha256_ssse3,sha512_ssse3,crc32_pclmul,crct10dif_pclmul,kvm,kvm_amd'

/** Without ERMS and FSRM, as whose each byte of a cleared or copied block would count as an instruction. */
const processor = 'max,-erms,-fsrm'

function words(place: string): string[] {
  const append = `root=/dev/vda rw console=ttyS0 net.ifnames=0 tsc=reliable clocksource=tsc init=/bench/init`
  return [
    ...['-machine', 'q35', '-accel', 'tcg,thread=single', '-icount', 'shift=0,sleep=off', '-cpu', processor],
    ...['-smp', '1', '-m', '2048', '-display', 'none', '-nodefaults'],
    ...['-kernel', join(place, 'kernel'), '-initrd', join(place, 'initrd')],
    ...['-append', `${append} modprobe.blacklist=${unwanted}`],
    ...['-drive', `file=${join(place, 'disk')},if=virtio,format=raw,cache=unsafe`],
    ...['-serial', `file:${join(place, 'console')}`, '-serial', `unix:${join(place, 'scripts')},server=on,wait=off`],
  ]
}

/** Makes the disk and boots; resolves when scripts can be run. */
export async function startMachine(deb: string): Promise<Machine> {
  const place = await mkdtemp(join(tmpdir(), 'multilink-bench-'))
  const options = { env: cleanEnvironment, extendEnv: false, stdin: 'ignore' } as const
  const remove = (): Promise<void> => rm(place, { recursive: true })
  try {
    const root = await execa(here('../../test/debian-root'), ['bench'], { ...options, timeout: minutes(10) })
    await execa('unshare', ['--mount', here('disk'), root.stdout, deb, place], { ...options, timeout: minutes(2) })
    const qemu = execa('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...words(place)], {
      ...options,
      reject: false,
      buffer: false,
    })
    const stopWatching = uponExit(() => {
      qemu.kill('SIGKILL')
      rmSync(place, { recursive: true, force: true })
    })
    let ended = false
    void qemu.then(() => (ended = true))
    const console = async (): Promise<string> => (await readFile(join(place, 'console'), 'utf8')).slice(-2000)
    const close = async (): Promise<void> => {
      qemu.kill('SIGKILL')
      await qemu
      stopWatching()
      await remove()
    }
    const talk = await connected(join(place, 'scripts'), () => ended)
    const run = async (script: string): Promise<string> => {
      const answer = await talk(script)
      const space = answer.indexOf(' ')
      const text = Buffer.from(answer.slice(space + 1), 'base64').toString()
      if (answer.slice(0, space) !== '0') throw new Error(`in the counting machine: ${script}\n${text}`)
      return text
    }
    await run('true').catch(async (failure: unknown) => {
      const said = await console()
      await close()
      throw new Error(`the counting machine does not answer: ${said}`, { cause: failure })
    })
    return { run, close }
  } catch (failure) {
    await rm(place, { recursive: true, force: true })
    throw failure
  }
}

/** Sends a script, resolves with the line that answers it. */
async function connected(path: string, ended: () => boolean): Promise<(script: string) => Promise<string>> {
  const socket = await until('qemu listens', () => {
    if (ended()) throw new Error('qemu ended')
    return new Promise<Socket | undefined>((resolve) => {
      const candidate = connect(path)
      candidate.once('connect', () => resolve(candidate))
      candidate.once('error', () => resolve(undefined))
    })
  })
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const line = (await lines.next()) as IteratorResult<string, undefined>
    if (line.done === true) throw new Error('the counting machine ended')
    return line.value
  }
  // The boot's last word: from here on it reads scripts.
  while (!(await next()).includes('ready')) continue
  return async (script) => {
    socket.write(`${Buffer.from(script).toString('base64')}\n`)
    return next()
  }
}
