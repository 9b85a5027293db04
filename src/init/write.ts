// In: the text of a first config. Out: the file, whole or not at all; never in place of one that defines
// links.

import { copyFile, mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { getStaticTOMLValue, parseTOML } from 'toml-eslint-parser'
import { AdminError, SystemError } from '../errors.js'

/**
 * Puts `text` at `file` at once or not at all. What is there is kept as FILE~, which dpkg removes on purge.
 * Throws AdminError if what is there defines a link or cannot be understood.
 */
export async function writeFirstConfig(file: string, text: string): Promise<void> {
  await assertReplaceable(file)
  const target = await realpath(file).catch(() => file)
  const fresh = `${target}.new`
  try {
    await mkdir(dirname(target), { recursive: true })
    await copyFile(target, `${target}~`).catch(ignoreMissing)
    await writeAndSync(fresh, text)
    await rename(fresh, target)
  } catch (error) {
    await rm(fresh, { force: true })
    const why = error instanceof Error ? error.message : String(error)
    throw new SystemError(`${file} could not be written: ${why}; nothing was changed`, { cause: error })
  }
}

/** Throws AdminError if `file` defines links, or is there and not TOML: it is the admin's then. */
export async function assertReplaceable(file: string): Promise<void> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new SystemError(`${file} cannot be read: ${(error as Error).message}; nothing was changed`, {
      cause: error,
    })
  }
  const links = definedLinks(text)
  if (links === undefined) {
    throw new AdminError([
      `${file}: is there and is not TOML, so init does not replace it; mend it (multilink check` +
        ' says where), or move it away; nothing was changed',
    ])
  }
  if (links.length > 0) {
    throw new AdminError([
      `${file}: already defines ${links.length === 1 ? 'link' : 'links'} ${links.join(', ')}, so` +
        ' init does not replace it; edit it, or move it away; nothing was changed',
    ])
  }
}

function definedLinks(text: string): string[] | undefined {
  try {
    const { link } = getStaticTOMLValue(parseTOML(text, { tomlVersion: '1.0' })) as { link?: unknown }
    if (link === undefined) return []
    return typeof link === 'object' && link !== null ? Object.keys(link) : [JSON.stringify(link)]
  } catch {
    return undefined
  }
}

async function writeAndSync(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w')
  try {
    await handle.chmod(0o644) // whatever the umask: apply refuses what others may write
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
