// /var/lib/multilink/numbers.json: the link numbers that are remembered.

import { readFile, rename } from 'node:fs/promises'
import * as v from 'valibot'
import { SystemError } from '../errors.js'
import type { Numbers } from '../plan/numbers.js'
import { writeDurably } from './generation.js'
import type { Paths } from './paths.js'

/** The file's entries: two links with one number would share a mark and a table. */
const schema = v.pipe(
  v.array(v.tuple([v.string(), v.pipe(v.number(), v.integer(), v.minValue(1))])),
  v.check((entries) => new Set(entries.map(([, number]) => number)).size === entries.length),
)

/** The remembered numbers; none if there is no file yet. */
export async function readNumbers(paths: Paths): Promise<Numbers> {
  let text
  try {
    text = await readFile(paths.numbers, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw new SystemError(`cannot read ${paths.numbers} (${(error as Error).message}); nothing was changed`)
  }
  try {
    const json: unknown = JSON.parse(text)
    return new Map(v.parse(schema, Object.entries(json as object)))
  } catch (cause) {
    throw new SystemError(
      `${paths.numbers} is damaged; mend it, or remove it and let connections lose their links; nothing was changed`,
      { cause },
    )
  }
}

/** Replaces the file at once, if it says anything else. */
export async function writeNumbers(paths: Paths, numbers: Numbers): Promise<void> {
  const text = `${JSON.stringify(Object.fromEntries([...numbers].sort(([, a], [, b]) => a - b)), null, 2)}\n`
  if (text === (await readFile(paths.numbers, 'utf8').catch(() => ''))) return
  await writeDurably(`${paths.numbers}.new`, { mode: 0o644, text })
  await rename(`${paths.numbers}.new`, paths.numbers)
}
