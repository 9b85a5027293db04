// /var/lib/multilink/numbers.json: the link numbers that are remembered.

import { readFile, rename, writeFile } from 'node:fs/promises'
import * as v from 'valibot'
import { SystemError } from '../errors.js'
import type { Numbers } from '../plan/numbers.js'
import type { Paths } from './paths.js'

const schema = v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(1)))

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
    return new Map(Object.entries(v.parse(schema, JSON.parse(text))))
  } catch (cause) {
    throw new SystemError(
      `${paths.numbers} is damaged; mend it, or remove it and let connections lose their links; nothing was changed`,
      { cause },
    )
  }
}

/** Replaces the file at once. */
export async function writeNumbers(paths: Paths, numbers: Numbers): Promise<void> {
  const text = `${JSON.stringify(Object.fromEntries([...numbers].sort(([, a], [, b]) => a - b)), null, 2)}\n`
  await writeFile(`${paths.numbers}.new`, text, { flush: true } as object)
  await rename(`${paths.numbers}.new`, paths.numbers)
}
