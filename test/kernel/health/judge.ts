// Runs hooks/lib/health.awk on lines as fping writes them. In: what the prober would tell it, lines; out: the records
// it leaves and each verdict it announced.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

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
}

export type Settings = Partial<typeof defaults>

export interface Judgement {
  /** The first lines of .health4 and .health6 at each call of `changed`: "up|up" */
  readonly announced: readonly string[]
  /** What the records hold at the end; empty if there is none. */
  readonly health4: string
  readonly health6: string
  readonly probes4: string
  readonly code: number
}

export const first = '192.0.2.1'
export const second = '192.0.2.2'
export const tick = '127.0.0.1 : [7], 64 bytes, 0.020 ms (0.020 avg, 0% loss)'

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

/** `before` is the verdict of before; `mv` is shell that runs in the place of the program, in `state`. */
export async function judge(
  settings: Settings, lines: readonly string[], { before, mv }: { before?: string; mv?: string } = {},
): Promise<Judgement> {
  const state = await mkdtemp(join(tmpdir(), 'health-'))
  try {
    for (const folder of ['.health4', '.health6', '.probes4', '.probes6']) await mkdir(join(state, folder))
    if (before !== undefined) await writeFile(join(state, '.health4/eth1'), `${before}\nloss=0 rtt=-\n`)
    if (mv !== undefined) await writeFile(join(state, 'mv'), `#!/bin/sh\ncd ${state} && ${mv}\n`, { mode: 0o755 })
    const told = {
      ...defaults,
      ...settings,
      state,
      changed: `head -qn 1 ${state}/.health?/eth1 | paste -sd '|' >>${state}/announced`,
    }
    const { exitCode } = await execa('mawk', [
      '-W', 'interactive', ...Object.entries(told).flatMap(([name, value]) => ['-v', `${name}=${value}`]), '-f', script,
    ], {
      input: lines.map((line) => `${line}\n`).join(''), reject: false,
      env: { PATH: `${state}:${process.env['PATH'] ?? ''}` },
    })
    const read = (file: string): Promise<string> => readFile(join(state, file), 'utf8').catch(() => '')
    return {
      announced: (await read('announced')).split('\n').filter(Boolean),
      health4: await read('.health4/eth1'),
      health6: await read('.health6/eth1'),
      probes4: await read('.probes4/eth1'),
      code: exitCode ?? 128,
    }
  } finally {
    await rm(state, { recursive: true })
  }
}
