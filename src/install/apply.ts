// The last step: a checked config to a running system. Each function is one step of `multilink apply`.

import { mkdir } from 'node:fs/promises'
import type { Config } from '../config/config.js'
import { SystemError } from '../errors.js'
import { buildPlan } from '../plan/build.js'
import type { Numbers } from '../plan/numbers.js'
import type { Plan } from '../plan/plan.js'
import type { Artefact } from '../render/artefacts.js'
import { renderArtefacts } from '../render/artefacts.js'
import type { Templates } from '../render/templates.js'
import { currentGeneration, pointAt, readCurrent, writeGeneration } from './generation.js'
import { checkRules, installGeneration, reload, requireLibrary } from './kernel.js'
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
export async function prepare(config: Config, paths: Paths, templates: Templates): Promise<Prepared> {
  const { plan, numbers } = buildPlan(config, await readNumbers(paths))
  return { plan, numbers, artefacts: renderArtefacts(plan, templates), current: await readCurrent(paths) }
}

/** Writes the prepared set under `paths` and points `current` at it; loads nothing. Same input, same bytes. */
export async function writeSet(prepared: Prepared, paths: Paths): Promise<void> {
  await remember(prepared, paths)
  if (isCurrent(prepared)) return
  await pointAt(paths, await writeGeneration(paths, prepared.artefacts))
}

/** Writes the prepared set on the running machine and loads it in one transaction. Returns what the shell said. */
export async function installSet(prepared: Prepared, paths: Paths): Promise<string> {
  if (prepared.plan.links.length === 0 && (await currentGeneration(paths)) === undefined) return ''
  requireLibrary()
  await checkRules(prepared.artefacts.find((artefact) => artefact.path === 'rules.nft')?.text ?? '')
  await remember(prepared, paths)
  if (isCurrent(prepared)) return reload()
  return installGeneration(await writeGeneration(paths, prepared.artefacts))
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
