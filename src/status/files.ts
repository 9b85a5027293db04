// Files that may or may not be there.

import { readFile, stat } from 'node:fs/promises'
import { SystemError } from '../errors.js'

/** undefined if there is no such file. */
export async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    forgiveMissing(file, error)
    return undefined
  }
}

/** When it was written; undefined if there is no such file. */
export async function readTime(file: string): Promise<Date | undefined> {
  try {
    return (await stat(file)).mtime
  } catch (error) {
    forgiveMissing(file, error)
    return undefined
  }
}

function forgiveMissing(file: string, error: unknown): void {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') return
  throw new SystemError(`${file} cannot be read (${code ?? String(error)}); status wants root`, { cause: error })
}
