// Runs hooks/lib/health.awk on lines as fping writes them. In: what the prober would tell it, lines; out: the records
// it leaves and each verdict it announced.

import { constants } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { until } from '../../lab/wait.js'
import { commandLimit } from '../../limits.js'

const script = fileURLToPath(new URL('../../../hooks/lib/health.awk', import.meta.url))

/** What health.awk is told; the defaults are those of the config, with two targets. */
const defaults = {
  beat: '1',
  link: 'eth1',
  targets4: '192.0.2.1 192.0.2.2',
  targets6: '',
  interval: '0.5',
  timeout: '1',
  down_after: '3',
  up_after: '5',
  quorum: '1',
  max_loss: '-',
  max_rtt: '-',
  /** a file like /proc/uptime; the judge's own */
  uptime: '',
}

export type Settings = Partial<typeof defaults>

export interface Judgement {
  /** The first lines of .health4 and .health6 at each call of `changed`: "up|up" */
  readonly announced: readonly string[]
  /** What the records hold at the end; empty if there is none. */
  readonly health4: string
  readonly health6: string
  readonly probes4: string
  /** What the monitor was told. */
  readonly wake: string
  readonly code: number
}

export const first = '192.0.2.1'
export const second = '192.0.2.2'
export const tick = 'beat'

export function answered(target: string, round: number, ms: number | string = '20.1'): string {
  return `${target.padEnd(13)} : [${round}], 64 bytes, ${ms} ms (20.0 avg, 0% loss)`
}

export function lost(target: string, round: number): string {
  return `${target.padEnd(13)} : [${round}], timed out (NaN avg, 100% loss)`
}

/** A line for each target and round: `answers` says which come back. */
export function rounds(
  from: number, to: number, answers: (round: number, target: string) => boolean, targets = [first, second],
): string[] {
  return Array.from({ length: to - from }, (_, index) => from + index).flatMap((round) =>
    targets.map((target) => (answers(round, target) ? answered(target, round) : lost(target, round))))
}

interface Circumstances {
  /** The verdict of before. */
  readonly before?: string
  /** Shell that runs in the place of the program, in `state`. */
  readonly mv?: string
  /** `changed` fails after so many seconds. */
  readonly refusedAfter?: number
  /** What comes in another second, when the machine has been up for so many more. `lines` must end with a tick. */
  readonly later?: { readonly seconds: number; readonly lines: readonly string[] }
}

export async function judge(
  settings: Settings, lines: readonly string[], { before, mv, later, refusedAfter }: Circumstances = {},
): Promise<Judgement> {
  const state = await mkdtemp(join(tmpdir(), 'health-'))
  try {
    for (const folder of ['.health4', '.health6', '.probes4', '.probes6']) await mkdir(join(state, folder))
    if (before !== undefined) await writeFile(join(state, '.health4/eth1'), `${before}\nloss=0 rtt=-\n`)
    if (mv !== undefined) await writeFile(join(state, 'mv'), `#!/bin/sh\ncd ${state} && ${mv}\n`, { mode: 0o755 })
    const uptime = join(state, 'uptime')
    const upFor = (seconds: number) => writeFile(uptime, `${(1000 + seconds).toFixed(2)} 1900.00\n`)
    await upFor(0)
    await execa('mkfifo', [join(state, '.wake')])
    const wake = await open(join(state, '.wake'), constants.O_RDWR | constants.O_NONBLOCK)
    const told = {
      ...defaults,
      ...settings,
      uptime: settings.uptime ?? uptime,
      state,
      changed: `head -qn 1 ${state}/.health?/eth1 | paste -sd '|' >>${state}/announced`
        + (refusedAfter === undefined ? '' : `; sleep ${refusedAfter}; false`),
    }
    const judging = execa('mawk', [
      '-W', 'interactive', ...Object.entries(told).flatMap(([name, value]) => ['-v', `${name}=${value}`]), '-f', script,
    ], { reject: false, timeout: commandLimit, env: { PATH: `${state}:${process.env['PATH'] ?? ''}` } })
    const read = (file: string): Promise<string> => readFile(join(state, file), 'utf8').catch(() => '')
    const write = (some: readonly string[]): unknown => judging.stdin.write(some.map((line) => `${line}\n`).join(''))
    judging.stdin.on('error', () => undefined) // it has ended before it read all
    write(lines)
    if (later !== undefined) {
      await until('the first lines are read', async () => (await read('.probes4/eth1')) !== '')
      await upFor(later.seconds)
      // time(2) is up to a tick of the kernel (10 ms) late
      const second = (): number => Math.floor((Date.now() - 20) / 1000)
      const now = second()
      await until('it is another second', () => second() > now)
      write(later.lines)
    }
    judging.stdin.end()
    const { exitCode } = await judging
    return {
      announced: (await read('announced')).split('\n').filter(Boolean),
      health4: await read('.health4/eth1'),
      health6: await read('.health6/eth1'),
      probes4: await read('.probes4/eth1'),
      wake: await wake.read().then(({ buffer, bytesRead }) => buffer.toString('utf8', 0, bytesRead), () => ''),
      code: exitCode ?? 128,
    }
  } finally {
    await rm(state, { recursive: true })
  }
}
