// A table of the tree and its schema in; the values that are right, and a finding for each that is not, out.

import * as v from 'valibot'
import { nearest } from './nearest.js'
import { isInterfaceName, quoteKey } from './names.js'
import { keys } from './schema.js'
import type { Finding } from './source.js'
import { subject, type Entry, type Node, type TableNode } from './tree.js'

type TableSchema = v.ObjectSchema<v.ObjectEntries, undefined>

/** What one element of a list is called, where the list's own name is a plural. */
const elements: Readonly<Record<string, string>> =
  { helpers: 'helper', networks: 'network', check: 'check target', tcp: 'tcp port', udp: 'udp port' }
/** Longer values are not repeated in a message; the source line is below it. */
const longestShown = 50

/** Reads the keys the schema knows. What is wrong is left out of the result and added to `findings`. */
export function readTable<S extends TableSchema>(
  table: TableNode,
  schema: S,
  path: readonly string[],
  findings: Finding[],
): Partial<v.InferOutput<S>> {
  const known = Object.keys(schema.entries)
  const present = known.filter((key) => table.entries.has(key))
  const input = Object.fromEntries(present.map((key) => [key, inputOf(table.entries.get(key)?.node)]))
  const result = v.safeParse(schema, input, { abortPipeEarly: true })
  const wrong = new Set<unknown>()
  for (const issue of result.issues ?? []) {
    const [key, index] = issue.path?.map((item) => item.key) ?? []
    const entry = table.entries.get(String(key))
    if (entry === undefined) throw new Error(issue.message)
    wrong.add(key)
    const item = entry.node.kind === 'list' && typeof index === 'number' ? entry.node.items[index] : undefined
    const name = item === undefined ? String(key) : elements[String(key)]
    const node = item ?? entry.node
    findings.push({ at: node.at, message: `${subject(path)}${name}${shown(node)} ${issue.message}` })
  }
  const right = Object.entries(result.output as object).filter(([key]) => !wrong.has(key))
  return Object.fromEntries(right) as Partial<v.InferOutput<S>>
}

/** A finding for each key that the table does not know. */
export function refuseUnknown(
  table: TableNode,
  known: readonly string[],
  path: readonly string[],
  findings: Finding[],
): void {
  for (const [key, entry] of table.entries) {
    if (known.includes(key)) continue
    findings.push({ at: entry.at, message: `${subject(path)}${unknown(key, entry, known, path)}` })
  }
}

function unknown(key: string, { node }: Entry, known: readonly string[], path: readonly string[]): string {
  if (node.kind === 'value' || !node.header) return `unknown key "${key}"; ${insteadOfKey(key, known, path)}`
  return `unknown table ${written(node, [...path, key])}; ${insteadOfTable(key, node, path)}`
}

function insteadOfKey(key: string, known: readonly string[], path: readonly string[]): string {
  const homes = [
    path[0] !== 'link' && keys.link.includes(key) ? 'under [link.NAME]' : '',
    path[0] !== 'check' && keys.check.includes(key) ? 'under [check]' : '',
    path[0] !== 'bypass' && keys.bypass.includes(key) ? 'under [bypass]' : '',
    path.length > 0 && keys.top.includes(key) ? 'at the top of the file, before the first [table]' : '',
  ].filter((home) => home !== '')
  if (homes.length > 0) return `it belongs ${homes.join(' or ')}`
  const near = nearest(key, known)
  return near === undefined ? `the keys here are ${known.join(', ')}` : `did you mean "${near}"?`
}

function insteadOfTable(key: string, node: Node, path: readonly string[]): string {
  if (path[0] === 'link') {
    // [link.eth0.10] without quotes is a table "10" within link eth0; a VLAN's name needs them
    return `for an interface called ${path[1]}.${key} write [link."${path[1]}.${key}"]`
  }
  const [section] = path
  if (section !== undefined) return `${section} has keys only: ${keys[section as 'check' | 'bypass'].join(', ')}`
  const near = nearest(key, ['link', 'check', 'bypass'])
  if (near !== undefined) return `did you mean ${near === 'link' ? '[link.NAME]' : `[${near}]`}?`
  const inner = node.kind === 'table' ? [...node.entries.keys()] : []
  const isLink = inner.length > 0 && inner.every((name) => keys.link.includes(name)) && isInterfaceName(key)
  return isLink ? `a link is written [link.${quoteKey(key)}]` : 'tables are [link.NAME], [check] and [bypass]'
}

/** A table's header as it stands, or would stand, in the file. */
export function written(node: Node, path: readonly string[]): string {
  const name = path.map(quoteKey).join('.')
  return node.kind === 'list' ? `[[${name}]]` : `[${name}]`
}

/** A value as the file has it, when that is short enough to repeat. */
export function shown(node: Node): string {
  return node.raw === '' || node.raw.length > longestShown || node.raw.includes('\n') ? '' : ` ${node.raw}`
}

function inputOf(node: Node | undefined): unknown {
  if (node?.kind === 'list') return node.items.map(inputOf)
  return node?.kind === 'value' ? node.value : {}
}
