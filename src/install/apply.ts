// The last step: a checked config to a running system. Each function is one step of `multilink apply`.

import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Config } from '../config/config.js'
import { parseConfig } from '../config/parse.js'
import { readConfig, type ReadConfig } from '../config/read.js'
import { SystemError } from '../errors.js'
import { buildPlan } from '../plan/build.js'
import type { Numbers } from '../plan/numbers.js'
import type { Plan } from '../plan/plan.js'
import type { Artefact } from '../render/artefacts.js'
import { renderArtefacts } from '../render/artefacts.js'
import type { Templates } from '../render/templates.js'
import { appliedConfig, currentGeneration, pointAt, readCurrent, writeGeneration } from './generation.js'
import { checkRules, installGeneration, reload, requireLibrary } from './kernel.js'
import type { Lock } from './lock.js'
import { readNumbers, writeNumbers } from './numbers.js'
import type { Paths } from './paths.js'

/** All that is known before anything is changed. */
export interface Prepared {
  readonly plan: Plan
  readonly numbers: Numbers
  readonly artefacts: readonly Artefact[]
  /** the files of the current generation, by name */
  readonly current: ReadonlyMap<string, string>
}

/** Config and remembered numbers to what would be installed. Reads, changes nothing. */
export async function prepare(config: ReadConfig, paths: Paths, templates: Templates): Promise<Prepared> {
  const { plan, numbers } = buildPlan(config, await readNumbers(paths))
  const artefacts = [...renderArtefacts(plan, templates), { path: appliedConfig, mode: 0o644, text: config.text }]
  return { plan, numbers, artefacts, current: await readCurrent(paths) }
}

/** Writes the prepared set under `paths` and points `current` at it; loads nothing. Same input, same bytes. */
export async function writeSet(prepared: Prepared, paths: Paths): Promise<void> {
  await remember(prepared, paths)
  if (isCurrent(prepared)) return
  await pointAt(paths, await writeGeneration(paths, prepared.artefacts))
}

/**
 * Writes the prepared set on the running machine and loads it in one transaction. Returns what the shell said.
 * `prepared` must be of the time since the lock is held: another apply may give the same number to another link.
 */
export async function installSet(prepared: Prepared, paths: Paths, lock: Lock): Promise<string> {
  requireLibrary()
  await checkRules(prepared.artefacts.find((artefact) => artefact.path === 'rules.nft')?.text ?? '')
  await remember(prepared, paths)
  if (isCurrent(prepared)) return reload(lock)
  return installGeneration(await writeGeneration(paths, prepared.artefacts), lock)
}

/** Whether there is nothing to be done for the config: it has no link, and nothing was applied before. */
export async function isNothing(config: Config, paths: Paths): Promise<boolean> {
  return config.links.length === 0 && (await currentGeneration(paths)) === undefined
}

/** The config that the current generation was rendered from; that in `file` where an earlier version kept none. */
export async function readApplied(paths: Paths, file: string): Promise<ReadConfig> {
  const current = await readCurrent(paths)
  const text = current.get(appliedConfig)
  if (text === undefined) return { ...(await readConfig(file, { ownedByRoot: true })), file: resolve(file) }
  return { ...parseConfig(text, (JSON.parse(current.get('plan.json') ?? '{}') as Plan).config), text }
}

function isCurrent({ artefacts, current }: Prepared): boolean {
  return artefacts.every((artefact) => current.get(artefact.path) === artefact.text)
}

/** Before the generation: a number remembered for nothing does no harm, one that is forgotten would be given twice. */
async function remember(prepared: Prepared, paths: Paths): Promise<void> {
  try {
    await mkdir(paths.state, { recursive: true })
    await writeNumbers(paths, prepared.numbers)
  } catch (error) {
    throw new SystemError(`cannot write ${paths.numbers} (${(error as Error).message}); nothing was changed`)
  }
}
