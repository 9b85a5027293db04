// A file's name in; its Config, or why it cannot be had, out. Only reads.

import { isUtf8 } from 'node:buffer'
import { constants, open } from 'node:fs/promises'
import { AdminError, SystemError } from '../errors.js'
import type { Config } from './config.js'
import { checkOwnership } from './owner.js'
import { parseConfig } from './parse.js'
import { formatFindings } from './source.js'

export interface ReadOptions {
  /** refuse a file that is not root's alone to write: root is about to act on what it says */
  readonly ownedByRoot?: boolean
}

/** A config and what its file says, byte for byte: that is kept with what is rendered from it. */
export interface ReadConfig extends Config {
  readonly text: string
}

/** Reads and checks the config. Throws an AdminError for a file that is not there, is not root's, or is wrong. */
export async function readConfig(file: string, options: ReadOptions = {}): Promise<ReadConfig> {
  const text = decode(await readBytes(file, options.ownedByRoot ?? false), file)
  return { ...parseConfig(text, file), text }
}

/** Whose file it is is asked of the file that is read, not of a name that may lead elsewhere a moment later. */
async function readBytes(file: string, ownedByRoot: boolean): Promise<Buffer> {
  try {
    // A FIFO must be refused, not waited for.
    const handle = await open(file, ownedByRoot ? constants.O_RDONLY | constants.O_NONBLOCK : constants.O_RDONLY)
    try {
      if (ownedByRoot) checkOwnership(file, await handle.stat())
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw error instanceof AdminError ? error : explainFileError(file, error)
  }
}

/** What to tell the admin about a file that cannot be opened. */
export function explainFileError(file: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const advice = '"multilink init" writes a first one, --config FILE names another'
    return new AdminError([`${file}: there is no such file; ${advice}`])
  }
  if (code === 'EISDIR') return new AdminError([`${file}: this is a directory; name the file in it`])
  if (code === 'EACCES') return new SystemError(`${file} may not be read; run this as root`, { cause: error })
  return new SystemError(`${file} cannot be read (${String(code)}); nothing was changed`, { cause: error })
}

function decode(bytes: Buffer, file: string): string {
  const text = bytes.toString('utf8')
  if (isUtf8(bytes)) return text
  const again = Buffer.from(text)
  const bad = bytes.findIndex((byte, index) => byte !== again[index])
  const at = bytes.subarray(0, bad).toString('utf8').length
  const byte = (bytes[bad] ?? 0).toString(16).padStart(2, '0')
  const message = `the byte 0x${byte} is not UTF-8; save the file as UTF-8`
  throw new AdminError(formatFindings(file, text, [{ at, message }]))
}
