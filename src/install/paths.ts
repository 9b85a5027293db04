// Where things are under --root.

import { join } from 'node:path'

export interface Paths {
  readonly root: string
  readonly state: string
  readonly numbers: string
  readonly generations: string
  readonly current: string
}

export const configPath = '/etc/multilink.conf'
export const libraryPath = '/usr/lib/multilink'

export function pathsUnder(root: string): Paths {
  const state = join(root, 'var/lib/multilink')
  return {
    root,
    state,
    numbers: join(state, 'numbers.json'),
    generations: join(state, 'generations'),
    current: join(state, 'current'),
  }
}
