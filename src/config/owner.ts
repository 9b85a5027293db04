// What the kernel says of a file in; an AdminError out when somebody other than root could have written what is in it.

import type { Stats } from 'node:fs'
import { AdminError } from '../errors.js'

/** Refuses a file that is no plain file, that root does not own, or that its group or others may write. */
export function checkOwnership(file: string, stats: Stats): void {
  if (!stats.isFile()) throw new AdminError([`${file}: this is no plain file; apply takes nothing else`])
  const { uid, mode } = stats
  const name = /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`
  const lines: string[] = []
  if (uid !== 0) lines.push(`${file}: it belongs to uid ${uid}; root must own it: chown root:root ${name}`)
  if ((mode & 0o022) !== 0) {
    const octal = (mode & 0o7777).toString(8).padStart(4, '0')
    lines.push(`${file}: mode ${octal} lets others write it; only root may: chmod go-w ${name}`)
  }
  if (lines.length > 0) throw new AdminError(lines)
}
