// The kinds of values that the schemas are made of. Messages continue "KEY VALUE ": "weight 300 is too large; …".

import * as v from 'valibot'
import type { Read } from './addresses.js'
import { nearest } from './nearest.js'

type Message = (issue: { readonly input: unknown }) => string

/** What a value is, in the file's own terms: "is text", "is a list". */
function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'text'
  if (typeof value === 'bigint') return 'a number'
  if (typeof value === 'number') return 'not a whole number'
  if (typeof value === 'boolean') return 'a boolean'
  if (value instanceof Date) return 'a date or a time'
  return Array.isArray(value) ? 'a list' : 'a table'
}

/** The message for a value of the wrong type; `bare`: the right one has no quotes. */
export function notA(kind: 'text' | 'bare', allowed: string): Message {
  return ({ input }) => {
    const bare = kind === 'bare' && typeof input === 'string'
    return `is ${kindOf(input)}; ${allowed}${bare ? ', without quotes' : ''}`
  }
}

/** A whole number within bounds. */
export function whole(least: number, most: number, allowed: string) {
  return v.pipe(
    v.bigint(notA('bare', allowed)),
    v.minValue(BigInt(least), `is too small; ${allowed}`),
    v.maxValue(BigInt(most), `is too large; ${allowed}`),
    v.transform(Number),
  )
}

/** A number of seconds within bounds, whole or not, to the millisecond. */
export function seconds(least: number, most: number, allowed: string) {
  const notNumber: Message = (issue) =>
    Number.isNaN(issue.input) ? `is not a number; ${allowed}` : notA('bare', allowed)(issue)
  return v.pipe(
    v.union([v.bigint(), v.number()], notNumber),
    v.transform(Number),
    v.minValue(least, `is too small; ${allowed}`),
    v.maxValue(most, `is too large; ${allowed}`),
    v.transform((value) => Math.round(value * 1000) / 1000),
  )
}

/** true or false. */
export function choice(key: string): v.BooleanSchema<Message> {
  return v.boolean(notA('bare', `${key} is true or false`))
}

/** One of some words; a near miss is named. */
export function oneOf<const T extends readonly string[]>(words: T, allowed: string) {
  const unknown: Message = ({ input }) => {
    const near = nearest(String(input), words)
    return `is not known; ${near === undefined ? '' : `did you mean "${near}"? `}${allowed}`
  }
  return v.pipe(v.string(notA('text', allowed)), v.picklist(words, unknown))
}

/** Turns one of our readers into a step of a schema. */
export function reading<In, Out>(read: (value: In) => Read<Out>) {
  return v.rawTransform<In, Out>(({ dataset, addIssue, NEVER }) => {
    const result = read(dataset.value)
    if ('value' in result) return result.value
    addIssue({ message: result.problem })
    return NEVER
  })
}

/** A text that one of our readers understands. */
export function text<Out>(read: (value: string) => Read<Out>, allowed: string) {
  return v.pipe(v.string(notA('text', allowed)), reading(read))
}
