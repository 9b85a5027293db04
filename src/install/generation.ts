// Artefacts -> a generation on disk. A generation is written whole before anything points at it.

import { mkdir, open, readFile, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { SystemError } from '../errors.js'
import type { Artefact } from '../render/artefacts.js'
import type { Paths } from './paths.js'

/** The name, among a generation's files, of the config that it was rendered from. */
export const appliedConfig = 'multilink.conf'

/** The number of the current generation; undefined before the first. */
export async function currentGeneration(paths: Paths): Promise<number | undefined> {
  try {
    return Number(basename(await readlink(paths.current)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The current generation's files by name; empty before the first. */
export async function readCurrent(paths: Paths): Promise<Map<string, string>> {
  if ((await currentGeneration(paths)) === undefined) return new Map()
  const names = await readdir(paths.current)
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(paths.current, name), 'utf8')] as const)),
  )
}

/** Writes `artefacts` to a new generation's folder, down to the disk; returns its number. Leaves nothing on failure. */
export async function writeGeneration(paths: Paths, artefacts: readonly Artefact[]): Promise<number> {
  let folder: string | undefined
  try {
    await mkdir(paths.generations, { recursive: true })
    const number = await claimNumber(paths)
    folder = join(paths.generations, String(number))
    for (const artefact of artefacts) await writeDurably(join(folder, artefact.path), artefact)
    return number
  } catch (error) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    const { message } = error as Error
    throw new SystemError(
      `cannot write ${folder ?? paths.generations} (${message}); the old state still runs, nothing was changed`,
    )
  }
}

/** mkdir tells two applies apart that run at once: only one of them gets a number. */
async function claimNumber(paths: Paths): Promise<number> {
  const taken = (await readdir(paths.generations)).map(Number).filter(Number.isInteger)
  for (let number = Math.max(0, ...taken) + 1; ; number++) {
    try {
      await mkdir(join(paths.generations, String(number)))
      return number
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** Writes a file down to the disk, so that no name ever points at half of it. (Node 18's writeFile has no `flush`.) */
export async function writeDurably(path: string, { mode, text }: Omit<Artefact, 'path'>): Promise<void> {
  const file = await open(path, 'w', mode)
  try {
    await file.chmod(mode)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Points `current` at a generation, in a root that is not the running one. */
export async function pointAt(paths: Paths, number: number): Promise<void> {
  await rm(paths.current, { force: true })
  await symlink(`generations/${number}`, paths.current)
}
