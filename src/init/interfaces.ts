// In: /etc/network/interfaces under a root, with all it sources. Out: its stanzas, as ifup would read them.
// `ifquery` could be asked instead, but it does not print the method, and ifupdown2's prints something else
// again.

import { readStatements, type Statement } from './statements.js'

/** One `iface` stanza. */
export interface Stanza {
  readonly name: string
  readonly family: string
  readonly method: string
  /** what it inherits included; of a repeated option the first */
  readonly options: ReadonlyMap<string, string>
  readonly file: string
  readonly line: number
}

export interface Interfaces {
  readonly stanzas: readonly Stanza[]
  /** the words of `auto` and `allow-*`: a name or a /pattern, either with =LOGICAL */
  readonly selected: readonly string[]
  /** names that others inherit or map to: templates and logical names, not interfaces by themselves */
  readonly logical: ReadonlySet<string>
  /** what could not be read, one line each */
  readonly problems: readonly string[]
}

const otherStanza = /^(auto|allow-\S+|iface|mapping|source|source-directory|rename|no-auto-down|no-scripts)$/

/** Reads what ifupdown would; without an /etc/network/interfaces there are no stanzas. */
export async function readInterfaces(root: string): Promise<Interfaces> {
  const { statements, problems } = await readStatements(root, '/etc/network/interfaces')
  const stanzas: Stanza[] = []
  const selected: string[] = []
  const logical = new Set<string>()
  for (const [at, statement] of statements.entries()) {
    const words = statement.rest.split(/\s+/)
    const { word } = statement
    if (word === 'auto' || word.startsWith('allow-')) {
      selected.push(...words)
      for (const name of words) if (name.includes('=')) logical.add(name.slice(name.indexOf('=') + 1))
    } else if (word === 'map') {
      logical.add(words.at(-1) ?? '')
    } else if (word === 'iface') {
      const parent = findParent(words, stanzas)
      if (parent) logical.add(parent.name)
      stanzas.push(readStanza(statement, words, readOptions(statements, at + 1), parent))
    }
  }
  return { stanzas, selected, logical, problems }
}

/** `iface NAME [FAMILY METHOD] [inherits OTHER]`: OTHER comes earlier in the file. */
function findParent(words: readonly string[], stanzas: readonly Stanza[]): Stanza | undefined {
  const at = words.indexOf('inherits')
  return at < 0 ? undefined : stanzas.findLast(({ name }) => name === words[at + 1])
}

function readStanza(
  at: Statement,
  words: readonly string[],
  options: Map<string, string>,
  parent?: Stanza,
): Stanza {
  const own = words.includes('inherits') ? words.slice(0, words.indexOf('inherits')) : words
  const [name = '', family = parent?.family ?? '', method = parent?.method ?? ''] = own
  const { file, line } = at
  return { name, family, method, options: new Map([...(parent?.options ?? []), ...options]), file, line }
}

function readOptions(statements: readonly Statement[], from: number): Map<string, string> {
  const options = new Map<string, string>()
  for (const { word, rest } of statements.slice(from)) {
    if (otherStanza.test(word)) break
    if (!options.has(word)) options.set(word, rest)
  }
  return options
}
