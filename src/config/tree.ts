// The syntax tree in; nested maps of keys and values, each with its place in the text, out.
// Maps and not objects: a link may be called constructor or __proto__.

import type { AST } from 'toml-eslint-parser'
import type { ParsedToml } from './toml.js'
import { lineOf, type Finding } from './source.js'

type Key = AST.TOMLKey['keys'][number]

export type Scalar = string | bigint | number | boolean | Date

/** A value; integers are bigint and floats number, since 1.0 is no weight. */
export interface ValueNode {
  readonly kind: 'value'
  readonly at: number
  /** as it is written in the file */
  readonly raw: string
  readonly value: Scalar
}

export interface ListNode {
  readonly kind: 'list'
  readonly at: number
  readonly raw: string
  readonly items: Node[]
  /** [[a]], not a = [] */
  readonly header: boolean
}

export interface TableNode {
  readonly kind: 'table'
  readonly at: number
  readonly raw: string
  readonly entries: Map<string, Entry>
  /** [a], not a = {} */
  readonly header: boolean
}

/** A table that the file does not have. */
export const emptyTable: TableNode = { kind: 'table', at: 0, raw: '', entries: new Map(), header: true }

export type Node = ValueNode | ListNode | TableNode

export interface Entry {
  /** the key's place */
  readonly at: number
  readonly node: Node
}

export interface Tree {
  readonly root: TableNode
  readonly findings: readonly Finding[]
}

/** The tree of all that could be read, and a finding for every key that is there twice. */
export function growTree(text: string, parsed: ParsedToml): Tree {
  const findings: Finding[] = [...parsed.findings]
  const noted = new Set<number>()
  const root = newTable(0, true)
  for (const node of parsed.program?.body[0].body ?? []) {
    if (node.type === 'TOMLKeyValue') growSetting(root, node, [])
    else growTable(node)
  }
  // whatever else a repeated key may hide in, it is never passed over
  for (const [at, name] of parsed.repeated) {
    if (!noted.has(at)) findings.push({ at, message: `"${name}" is there twice; put them together` })
  }
  return { root, findings }

  function growTable(node: AST.TOMLTable): void {
    const path = node.key.keys.map(nameOf)
    const parent = descend(root, node.key.keys.slice(0, -1), true)
    const key = node.key.keys.at(-1)
    if (parent === undefined || key === undefined) return
    const at = key.range[0]
    const entry = parent.entries.get(nameOf(key))
    if (parsed.repeated.has(at)) noteRepeated(at, `[${path.join('.')}] is there twice`, entry)
    const table = newTable(at, true)
    if (node.kind === 'array') {
      if (entry === undefined) {
        const raw = `[[${path.join('.')}]]`
        const list: ListNode = { kind: 'list', at, raw, items: [table], header: true }
        parent.entries.set(nameOf(key), { at, node: list })
      } else if (entry.node.kind === 'list') entry.node.items.push(table)
    } else if (entry === undefined) parent.entries.set(nameOf(key), { at, node: table })
    const target = entry?.node.kind === 'table' && node.kind !== 'array' ? entry.node : table
    for (const setting of node.body) growSetting(target, setting, path)
  }

  function growSetting(table: TableNode, { key, value }: AST.TOMLKeyValue, path: string[]): void {
    const parent = descend(table, key.keys.slice(0, -1), false)
    const last = key.keys.at(-1)
    if (parent === undefined || last === undefined) return
    const name = nameOf(last)
    const at = last.range[0]
    const entry = parent.entries.get(name)
    const owner = subject([...path, ...key.keys.slice(0, -1).map(nameOf)])
    if (parsed.repeated.has(at)) noteRepeated(at, `${owner}"${name}" is set twice`, entry, 'keep one')
    if (entry === undefined) parent.entries.set(name, { at, node: growValue(value, [...path, name]) })
  }

  function growValue(node: AST.TOMLContentNode, path: string[]): Node {
    const at = node.range[0]
    const raw = text.slice(...node.range)
    if (node.type === 'TOMLArray') {
      const items = node.elements.map((item) => growValue(item, path))
      return { kind: 'list', at, raw, items, header: false }
    }
    if (node.type === 'TOMLValue') return { kind: 'value', at, raw, value: valueOf(node) }
    const table = newTable(at, false, raw)
    for (const setting of node.body) growSetting(table, setting, path)
    return table
  }

  function descend(from: TableNode, keys: readonly Key[], header: boolean) {
    let table = from
    for (const key of keys) {
      const at = key.range[0]
      const entry = table.entries.get(nameOf(key))
      if (parsed.repeated.has(at)) noteRepeated(at, `"${nameOf(key)}" is there twice`, entry)
      const next = entry === undefined ? newTable(at, header) : tableOf(entry.node)
      if (next === undefined) return undefined
      if (entry === undefined) table.entries.set(nameOf(key), { at, node: next })
      table = next
    }
    return table
  }

  function nameOf(key: Key): string {
    return parsed.repeated.get(key.range[0]) ?? (key.type === 'TOMLBare' ? key.name : key.value)
  }

  function noteRepeated(at: number, what: string, first?: Entry, advice = 'put them together'): void {
    noted.add(at)
    const where = first === undefined ? '' : `, first in line ${lineOf(text, first.at)}`
    findings.push({ at, message: `${what}${where}; ${advice}` })
  }
}

function newTable(at: number, header: boolean, raw = ''): TableNode {
  return { kind: 'table', at, raw, entries: new Map(), header }
}

function tableOf(node: Node): TableNode | undefined {
  if (node.kind === 'table') return node
  const last = node.kind === 'list' ? node.items.at(-1) : undefined
  return last?.kind === 'table' ? last : undefined
}

function valueOf(node: AST.TOMLValue): Scalar {
  return node.kind === 'integer' ? node.bigint : node.value
}

/** How messages name the table a key is in: `link eth0: `, `bypass: `, nothing for the top of the file. */
export function subject(path: readonly string[]): string {
  return path.length === 0 ? '' : `${path.join(' ')}: `
}
