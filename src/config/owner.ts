// A file's name in; an AdminError out when somebody other than root could have written what is in it.

import { stat } from 'node:fs/promises'
import { AdminError } from '../errors.js'
import { explainFileError } from './read.js'

/** Refuses a file that root does not own or that its group or others may write: root acts on what it says. */
export async function checkOwnership(file: string): Promise<void> {
  const { uid, mode } = await stat(file).catch((error: unknown) => {
    throw explainFileError(file, error)
  })
  const name = /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`
  const lines: string[] = []
  if (uid !== 0) lines.push(`${file}: it belongs to uid ${uid}; root must own it: chown root:root ${name}`)
  if ((mode & 0o022) !== 0) {
    const octal = (mode & 0o7777).toString(8).padStart(4, '0')
    lines.push(`${file}: mode ${octal} lets others write it; only root may: chmod go-w ${name}`)
  }
  if (lines.length > 0) throw new AdminError(lines)
}
