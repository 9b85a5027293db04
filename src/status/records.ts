// In: a root. Out: what hooks, monitor and probers recorded in its /run/multilink; the files are listed in
// hooks/lib/records.sh.

import { join } from 'node:path'
import type { Family } from '../config/addresses.js'
import { readText, readTime } from './files.js'

const state = '/run/multilink'

export interface Records {
  readonly stopped: boolean
  readonly since: Date | undefined
}

export async function readRecords(root: string): Promise<Records> {
  const [stopped, since, loaded] = await Promise.all(
    ['.stopped', '.since', '.loaded'].map((name) => readTime(join(root, state, name))),
  )
  return { stopped: stopped !== undefined, since: since ?? loaded }
}

/** Of a link in one family. */
export interface FamilyRecords {
  /** taken down by ifdown; both families are */
  readonly takenDown: boolean
  /** why reconcile left it out */
  readonly reason: string | undefined
  /** what is pinned to it was not let go when it was lost */
  readonly held: boolean
  /** as its lease says, or else as ifupdown knew it */
  readonly gateway: string | undefined
  /** what its prober said last */
  readonly verdict: { readonly up: boolean; readonly reason: string | null } | undefined
  /** of the last 100 probes: percent lost, mean milliseconds of the others; rewritten while it is probed */
  readonly figures: { readonly loss: number; readonly rtt: number | null } | undefined
}

export async function readFamilyRecords(root: string, name: string, family: Family): Promise<FamilyRecords> {
  const file = (folder: string): string => join(root, state, folder, name)
  const [up, lease, reason, health, probes] = await Promise.all(
    ['', `.lease${family}`, `.out${family}`, `.health${family}`, `.probes${family}`].map((folder) =>
      readText(file(folder)),
    ),
  )
  const [down, held] = await Promise.all(['.down', `.held${family}`].map((folder) => readTime(file(folder))))
  return {
    takenDown: down !== undefined,
    reason: reason?.trim() || undefined,
    held: held !== undefined,
    gateway: findAddress(lease, 'gateway') ?? findAddress(up, family === 4 ? 'gateway' : 'gateway6'),
    verdict: parseVerdict(health),
    figures: parseFigures(probes),
  }
}

function findAddress(text: string | undefined, field: string): string | undefined {
  return new RegExp(`^${field}=([0-9A-Fa-f.:]+)$`, 'm').exec(text ?? '')?.[1]
}

/** "up", or "down WHY…" */
function parseVerdict(text: string | undefined): FamilyRecords['verdict'] {
  const [, word, reason] = /^(up|down)(?: (.*))?$/m.exec(text?.split('\n')[0] ?? '') ?? []
  return word === undefined ? undefined : { up: word === 'up', reason: reason || null }
}

/**
 * "loss=PERCENT rtt=MS", or "rtt=-" if none was answered; none lost either: none was sent yet. Undefined also while the
 * prober writes it, in place.
 */
function parseFigures(text: string | undefined): FamilyRecords['figures'] {
  const [, loss, rtt] = /^loss=(\d+) rtt=(-|[\d.]+)$/m.exec(text ?? '') ?? []
  if (loss === undefined || (loss === '0' && rtt === '-')) return undefined
  return { loss: Number(loss), rtt: rtt === '-' ? null : Number(rtt) }
}
