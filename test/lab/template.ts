// The throwaway root's template: a Debian plus the .deb, installed once by apt and shared by all labs of a run. In:
// the paths of a .deb and of the Debian (/ is this machine); out: the path of a tar file of what the installation
// changed, kept beside the .deb.

import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rmdir, stat, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installLimit } from '../limits.js'
import { run } from './namespaces.js'

const script = fileURLToPath(new URL('root-template.sh', import.meta.url))

/**
 * Builds the template unless it is there already; labs that start together wait for the first to build it.
 */
export async function rootTemplate(deb: string, root: string): Promise<string> {
  const path = resolve(deb)
  // What that Debian has installed is in the template too (dpkg's status), so it is part of the name.
  const installed = String((await stat(join(root, 'var/lib/dpkg/status'))).mtimeMs)
  const key = createHash('sha256')
    .update(await readFile(path))
    .update(await readFile(script))
    .update(installed)
  const prefix = root === '/' ? 'lab-root-' : 'lab-other-root-'
  const template = join(dirname(path), `${prefix}${key.digest('hex').slice(0, 12)}.tar`)
  const place = await mkdtemp(join(tmpdir(), 'multilink-lab-'))
  const build = [
    'unshare',
    '--mount',
    '--net',
    '--pid',
    '--fork',
    '--kill-child',
    script,
    place,
    path,
    template,
    root,
  ]
  const once = ['sh', '-c', '[ -e "$1" ] || { shift; exec "$@"; }', 'sh', template, ...build]
  try {
    await run(['flock', join(dirname(path), `${prefix}lock`), ...once], { timeout: installLimit })
  } finally {
    await rmdir(place)
  }
  for (const name of await readdir(dirname(path))) {
    const old = name.startsWith(prefix) && name.endsWith('.tar') && name !== basename(template)
    if (old) await unlink(join(dirname(path), name)).catch(() => undefined)
  }
  return template
}
