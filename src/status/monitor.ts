// In: a root. Out: whether the monitor runs there.

import { readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The descriptor that hooks/lib/monitor.sh opens its lock as, and passes to no other process. */
const descriptor = 4

/**
 * Whether a process has the monitor's lock open. The lock itself is not tried: a monitor that starts in that moment
 * would end, taking us for another. /proc/locks does not do: it names flock(1), which has ended.
 */
export async function isMonitorRunning(root: string): Promise<boolean> {
  const lock = await identify(join(root, '/run/multilink/.monitor'))
  if (lock === undefined) return false
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const open = await Promise.all(processes.map((id) => identifyOpen(`/proc/${id}/fd/${descriptor}`)))
  return open.includes(lock)
}

/** By its name first: to ask for more could take forever where it is a file of a server that is gone. */
async function identifyOpen(link: string): Promise<string | undefined> {
  const name = await readlink(link).catch(() => '') // that process has ended, or has no such descriptor
  return name.endsWith('/multilink/.monitor') ? identify(link) : undefined
}

/** Device and inode; undefined if there is none: no monitor was ever started, or it has just ended. */
async function identify(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined)
  return found && `${found.dev} ${found.ino}`
}
