// In: /etc/network/interfaces under a root. Out: its logical lines, with those of the files it sources in
// their place. What is included follows ifupdown 0.8.41: relative to the including file, globs, names for
// source-directory.

import { readFile, readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/** One logical line: continuation lines joined, comments gone. Paths are the admin's, without the root. */
export interface Statement {
  readonly word: string
  /** all after the first word, without the spaces around it */
  readonly rest: string
  readonly file: string
  readonly line: number
}

/**
 * What was read, and what could not be, one line each. A file that is not there is no problem to ifupdown
 * either.
 */
export interface Statements {
  readonly statements: Statement[]
  readonly problems: string[]
}

export async function readStatements(root: string, file: string): Promise<Statements> {
  const read: Statements = { statements: [], problems: [] }
  await readFileInto(read, root, file, [])
  return read
}

async function readFileInto(
  read: Statements,
  root: string,
  file: string,
  within: readonly string[],
): Promise<void> {
  if (within.includes(file)) return // a file that sources itself
  let text: string
  try {
    text = await readFile(join(root, file), 'utf8')
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EISDIR')
      read.problems.push(`${file}: cannot be read (${code}), left out`)
    return
  }
  for (const statement of splitStatements(text, file)) {
    read.statements.push(statement)
    if (statement.word !== 'source' && statement.word !== 'source-directory') continue
    const [pattern = ''] = statement.rest.split(/\s/) // ifupdown ignores what follows
    for (const path of await findIncluded(root, resolve(dirname(file), pattern), statement.word)) {
      await readFileInto(read, root, path, [...within, file])
    }
  }
}

function splitStatements(text: string, file: string): Statement[] {
  const statements: Statement[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1
    let joined = lines[at] ?? ''
    // a comment ends with its line, also where that ends in a backslash
    if (/^\s*(#|$)/.test(joined)) continue
    while (joined.endsWith('\\') && at + 1 < lines.length) joined = joined.slice(0, -1) + (lines[++at] ?? '')
    const [, word = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(joined) ?? []
    statements.push({ word, rest, file, line })
  }
  return statements
}

async function findIncluded(root: string, pattern: string, word: string): Promise<string[]> {
  const paths = await expandGlob(root, pattern)
  if (word === 'source') return paths
  const inside = await Promise.all(
    paths.map(async (path) => {
      const names = await readdir(join(root, path)).catch(() => [])
      return names
        .filter((name) => /^[A-Za-z0-9_-]+$/.test(name))
        .sort()
        .map((name) => join(path, name))
    }),
  )
  return inside.flat()
}

/** The existing paths that an absolute shell pattern means, sorted; one without * ? [ is taken as it is. */
async function expandGlob(root: string, pattern: string): Promise<string[]> {
  let paths = ['/']
  for (const segment of pattern.split('/').filter(Boolean)) {
    const next = await Promise.all(
      paths.map(async (path) => {
        if (!/[*?[]/.test(segment)) return [join(path, segment)]
        const names = await readdir(join(root, path)).catch(() => [])
        const matches = globMatcher(segment)
        return names
          .filter((name) => matches(name))
          .sort()
          .map((name) => join(path, name))
      }),
    )
    paths = next.flat()
  }
  return paths
}

/** Tells names that a shell pattern of one path segment matches; a leading dot wants one in the pattern. */
export function globMatcher(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/\[!?[^\]]+\]|[.+^${}()|[\]\\*?]/g, (part) => {
    if (part === '*') return '.*'
    if (part === '?') return '.'
    return part.length > 1 ? part.replace('[!', '[^') : `\\${part}`
  })
  let regexp: RegExp
  try {
    regexp = new RegExp(`^${source}$`)
  } catch {
    return (name) => name === pattern // a range that runs backwards, "[z-a]", is no pattern
  }
  return (name) => regexp.test(name) && (!name.startsWith('.') || pattern.startsWith('.'))
}
