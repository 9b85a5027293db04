// The classes of tests: what one may use, and how it is run. A file's folder says which class it is of.

import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/**
 * pure: no root, no kernel: it gets neither. kernel: nft, ip, shell and awk in a namespace. lab: traffic. timing: says
 * something about when. system: a whole Debian in qemu.
 */
export const classNames = ['pure', 'kernel', 'lab', 'timing', 'system'] as const
export type ClassName = (typeof classNames)[number]

export interface TestClass {
  /** files that run at the same time */
  readonly jobs: number
  /** without the network and with no right of root's */
  readonly confined: boolean
  /** what it says depends on how fast this machine is just now: a file that fails is tried twice more, alone */
  readonly triedAgain: boolean
}

const oneByOne = { jobs: 1, confined: false, triedAgain: false }
export const classes: Readonly<Record<ClassName, TestClass>> = {
  pure: { jobs: availableParallelism(), confined: true, triedAgain: false },
  kernel: oneByOne,
  lab: oneByOne,
  timing: { ...oneByOne, triedAgain: true },
  system: { ...oneByOne, triedAgain: true },
}

/** The class of a test file, given its path from the project's folder; throws where no class has its place there. */
export function classOf(file: string): ClassName {
  const [top, folder] = file.split('/')
  const name = top === 'test' && file.endsWith('.test.ts') ? classNames.find((name) => name === folder) : undefined
  if (name === undefined) throw new Error(`${file} is no test; a test is test/${classNames.join('|')}/….test.ts`)
  return name
}

/** Files in the order in which they run: class by class, in a class by name. */
export function inOrder(files: readonly string[]): string[] {
  const rank = (file: string): number => classNames.indexOf(classOf(file))
  return [...files].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

/** What `npm test` (short), `npm run test:long` and `npm run test:system` run. */
export const selections = ['short', 'long', 'system'] as const
export type Selection = (typeof selections)[number]

export function isOf(selection: Selection, file: string): boolean {
  if (classOf(file) === 'system') return selection === 'system'
  return selection === (file.split('/').includes('long') ? 'long' : 'short')
}

/** Every test file of the project, in order. */
export async function allFiles(project: string): Promise<string[]> {
  const names = await readdir(join(project, 'test'), { recursive: true })
  return inOrder(names.filter((name) => name.endsWith('.test.ts')).map((name) => `test/${name}`))
}
