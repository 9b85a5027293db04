// What each key may hold, one schema a table. Messages continue "KEY VALUE ": "weight 300 is too large; …".

import * as v from 'valibot'
import { readNetwork, type Read } from './addresses.js'
import { helperNames } from './config.js'
import { readGateway } from './gateway.js'
import { nearest } from './nearest.js'
import { bounds, linksOfMask, linksOfTables, runLength } from './numbering.js'
import { portAllowed, readPorts } from './ports.js'

type Message = (issue: { readonly input: unknown }) => string

const weight = 'a weight is a whole number from 0 to 255'
const mask = 'a mask is one run of 2 to 32 bits, such as 0xff000000'
const table = `a table_base is a whole number from 1 to 250, or from 256 to ${bounds.table.most}`
const priority = `a rule_priority is a whole number from ${bounds.priority.least} to ${bounds.priority.most}`
const helpers = `helpers are ${helperNames.join(', ')}`
const ports = 'ports are a list such as [22, "6660-6669"]'
const networks = 'networks are a list of texts such as ["10.8.0.0/16"]'

/** What a value is, in the file's own terms: "is text", "is a list". */
function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'text'
  if (typeof value === 'bigint') return 'a number'
  if (typeof value === 'number') return 'not a whole number'
  if (typeof value === 'boolean') return 'a boolean'
  if (value instanceof Date) return 'a date or a time'
  return Array.isArray(value) ? 'a list' : 'a table'
}

function notA(kind: 'text' | 'bare', allowed: string): Message {
  return ({ input }) => {
    const bare = kind === 'bare' && typeof input === 'string'
    return `is ${kindOf(input)}; ${allowed}${bare ? ', without quotes' : ''}`
  }
}

function whole(least: number, most: number, allowed: string) {
  return v.pipe(
    v.bigint(notA('bare', allowed)),
    v.minValue(BigInt(least), `is too small; ${allowed}`),
    v.maxValue(BigInt(most), `is too large; ${allowed}`),
    v.transform(Number),
  )
}

function choice(key: string): v.BooleanSchema<Message> {
  return v.boolean(notA('bare', `${key} is true or false`))
}

/** One word of a list; a near miss is named. */
function oneOf<const T extends readonly string[]>(words: T, allowed: string) {
  const unknown: Message = ({ input }) => {
    const near = nearest(String(input), words)
    return `is not known; ${near === undefined ? '' : `did you mean "${near}"? `}${allowed}`
  }
  return v.pipe(v.string(notA('text', allowed)), v.picklist(words, unknown))
}

/** Turns one of our readers into a step of a schema. */
function reading<In, Out>(read: (value: In) => Read<Out>) {
  return v.rawTransform<In, Out>(({ dataset, addIssue, NEVER }) => {
    const result = read(dataset.value)
    if ('value' in result) return result.value
    addIssue({ message: result.problem })
    return NEVER
  })
}

const port = v.pipe(v.union([v.bigint(), v.string()], notA('text', portAllowed)), reading(readPorts))
const portList = v.optional(v.array(port, notA('text', ports)), [])
const networkList = v.optional(
  v.array(v.pipe(v.string(notA('text', networks)), reading(readNetwork)), notA('text', networks)),
  [],
)

/** The keys before the first table. */
export const topSchema = v.object({
  method: v.optional(oneOf(['nth', 'random', 'hash'], 'methods are nth, random, hash'), 'nth'),
  helpers: v.optional(
    v.array(oneOf(helperNames, helpers), notA('text', `${helpers}, in a list: ["ftp"]`)),
    ['ftp'],
  ),
  mark_mask: v.optional(
    v.pipe(
      whole(1, 0xffffffff, mask),
      v.check((value) => runLength(value) !== undefined, `has a gap between its bits; ${mask}`),
      v.check((value) => linksOfMask(value) !== 0, `has only one bit; ${mask}`),
    ),
    0xff000000n,
  ),
  table_base: v.optional(
    v.pipe(
      whole(bounds.table.least, bounds.table.most, table),
      v.check((value) => linksOfTables(value) > 0, `runs into the kernel's own tables, 252 to 255; ${table}`),
    ),
    1000n,
  ),
  fallback: v.optional(choice('fallback'), true),
  rule_priority: v.optional(whole(bounds.priority.least, bounds.priority.most, priority), 1100n),
})

/** The keys of a [link.NAME]. */
export const linkSchema = v.object({
  weight: v.optional(whole(0, 255, weight), 1n),
  default: v.optional(choice('default'), false),
  gateway: v.optional(
    v.pipe(v.string(notA('text', 'a gateway is "auto" or an IPv4 address in quotes')), reading(readGateway)),
    'auto',
  ),
  masquerade: v.optional(choice('masquerade'), true),
  networks: networkList,
})

/** The keys of [bypass]. */
export const bypassSchema = v.object({ networks: networkList, tcp: portList, udp: portList })

/** The keys of each table, in the order people read them. */
export const keys = {
  top: Object.keys(topSchema.entries),
  link: Object.keys(linkSchema.entries),
  bypass: Object.keys(bypassSchema.entries),
} as const
