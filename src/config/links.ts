// The [link.…] tables in; the links with what each says, and what is wrong within one or between two, out.

import type * as v from 'valibot'
import { interfaceNameProblem } from './names.js'
import { compareNetworks, formatNetwork, holds, readNetwork, type Network } from './networks.js'
import { keys, linkSchema } from './schema.js'
import { lineOf, type Finding } from './source.js'
import { readTable, refuseUnknown, shown, written } from './table.js'
import type { Node, TableNode } from './tree.js'

export interface ReadLink {
  readonly name: string
  readonly at: number
  readonly table: TableNode
  readonly values: Partial<v.InferOutput<typeof linkSchema>>
}

/** Every link of the file, in the order of appearance. */
export function readLinks(
  link: Node | undefined,
  text: string,
  findings: Finding[],
): ReadLink[] {
  const links: ReadLink[] = []
  if (link === undefined) return links
  if (link.kind !== 'table') {
    const message = `link${shown(link)} is not a table; a link is written [link.NAME]`
    findings.push({ at: link.at, message })
    return links
  }
  for (const [name, { at, node }] of link.entries) {
    if (node.kind !== 'table') {
      findings.push({ at, message: notATable(name, node) })
      continue
    }
    const path = ['link', name]
    const problem = interfaceNameProblem(name)
    if (problem !== undefined) findings.push({ at, message: `link ${name || '""'}: the name ${problem}` })
    refuseUnknown(node, keys.link, path, findings)
    links.push({ name, at, table: node, values: readTable(node, linkSchema, path, findings) })
  }
  refuseSecondDefault(links, text, findings)
  refuseOverlaps(links, text, findings)
  return links
}

function notATable(name: string, node: Node): string {
  if (node.kind === 'list' && node.header) {
    const single = written(node, ['link', name]).slice(1, -1)
    return `link ${name}: [${single}] is a list of tables; a link is written ${single}`
  }
  if (keys.link.includes(name)) return `[link] has no keys of its own; "${name}" belongs under [link.NAME]`
  return `link ${name}:${shown(node)} is not a table; a link is written [link.NAME]`
}

function refuseSecondDefault(links: readonly ReadLink[], text: string, findings: Finding[]): void {
  const [first, ...more] = links
    .filter(({ values }) => values.default === true)
    .map((link) => ({ link, at: link.table.entries.get('default')?.at ?? link.at }))
    .sort((a, b) => a.at - b.at)
  for (const { link, at } of more) {
    const where = `link ${first?.link.name} (line ${lineOf(text, first?.at ?? 0)})`
    const message = `link ${link.name}: "default" is true here and for ${where}; one link can be the default`
    findings.push({ at, message })
  }
}

interface Owned {
  readonly link: string
  readonly at: number
  readonly network: Network
}

/** Two networks overlap only when one holds the other: when sorted, a stack keeps the holders. */
function refuseOverlaps(links: readonly ReadLink[], text: string, findings: Finding[]): void {
  const stack: Owned[] = []
  const owned = links.flatMap(networksOf).sort((a, b) => compareNetworks(a.network, b.network) || a.at - b.at)
  for (const one of owned) {
    while (stack.length > 0 && !holds(stack.at(-1)?.network ?? one.network, one.network)) stack.pop()
    const other = stack.findLast(({ link }) => link !== one.link)
    if (other !== undefined) findings.push(overlap(one, other, text))
    stack.push(one)
  }
}

function networksOf({ name, table }: ReadLink): Owned[] {
  const node = table.entries.get('networks')?.node
  return (node?.kind === 'list' ? node.items : []).flatMap((item) => {
    const read = item.kind === 'value' && typeof item.value === 'string' ? readNetwork(item.value) : undefined
    return read !== undefined && 'value' in read ? [{ link: name, at: item.at, network: read.value }] : []
  })
}

function overlap(inner: Owned, outer: Owned, text: string): Finding {
  const [early, late] = inner.at < outer.at ? [inner, outer] : [outer, inner]
  const same = compareNetworks(inner.network, outer.network) === 0
  const relation = same ? 'is also in' : late === inner ? 'lies within' : 'holds'
  const what = same ? 'networks' : formatNetwork(early.network)
  const message = `link ${late.link}: network "${formatNetwork(late.network)}" ${relation} ${what} ` +
    `of link ${early.link} (line ${lineOf(text, early.at)}); a network is reached over one link only`
  return { at: late.at, message }
}
