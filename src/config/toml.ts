// The text in; its syntax tree and everything that keeps it from being TOML, out. After a bad line it reads
// on where that cannot mislead, so that an admin learns of every error at once.

import { ParseError, parseTOML, type AST } from 'toml-eslint-parser'
import { findOpen, mostNested } from './open.js'
import type { Finding } from './source.js'
import { explainElement, explainSyntax, explainUnfinished } from './syntax.js'

export interface ParsedToml {
  /** as much as could be read; undefined when nothing could, and then there are findings or repeated keys */
  readonly program: AST.TOMLProgram | undefined
  readonly findings: readonly Finding[]
  /** keys that TOML forbids at their place, mostly because they are there already: offset -> name */
  readonly repeated: ReadonlyMap<number, string>
}

const duplicate = 'Defining a key multiple times is invalid'
/** A file with more errors than this is not a config; each error costs another parse. */
const mostErrors = 50

/** Reads TOML 1.0. */
export function parseToml(text: string): ParsedToml {
  const { tooDeep } = findOpen(text, text.length)
  if (tooDeep !== undefined) {
    const message = `this is more than ${mostNested} brackets deep, and nothing in a config is`
    return { program: undefined, findings: [{ at: tooDeep, message }], repeated: new Map() }
  }
  const findings: Finding[] = []
  const repeated = new Map<number, string>()
  let readable = text
  while (findings.length + repeated.size < mostErrors) {
    const result = tryParse(readable)
    if (!(result instanceof ParseError)) return { program: result, findings, repeated }
    const changed = result.message === duplicate
      ? renameKey(readable, result.index, repeated)
      : leaveOut(readable, result, findings)
    if (changed === undefined || changed === readable) break
    readable = changed
  }
  return { program: undefined, findings, repeated }
}

function tryParse(text: string): AST.TOMLProgram | ParseError {
  try {
    return parseTOML(text, { tomlVersion: '1.0' })
  } catch (error) {
    if (error instanceof ParseError) return error
    throw error
  }
}

/** Gives a key that is there twice a new name, as long as the old one, so that all offsets stay. */
function renameKey(text: string, at: number, repeated: Map<number, string>): string | undefined {
  const key = /[\w-]+|"(?:\\.|[^"\\])*"|'[^']*'/y
  key.lastIndex = at
  const written = key.exec(text)?.[0] ?? ''
  if (repeated.has(at)) return undefined
  repeated.set(at, written.replace(/^(["'])(.*)\1$/, '$2'))
  for (let number = 0; number < 100; number++) {
    const name = number.toString(36).padStart(written.length, '_')
    if (name.length === written.length && !text.includes(name)) {
      return text.slice(0, at) + name + text.slice(at + written.length)
    }
  }
  return undefined
}

/**
 * Notes what is wrong and blanks the lines it is in. Where that could mislead (a broken [TABLE], a list gone
 * wrong in its middle), the rest of the file is left out with them.
 */
function leaveOut(text: string, error: ParseError, findings: Finding[]): string | undefined {
  const at = Math.min(error.index, text.trimEnd().length)
  const line = startOfLine(text, at)
  const start = findOpen(text, line).lastWhole
  const first = text.slice(start, endOfLine(text, start))
  const isSetting = /^\s*[\w.-]+\s*[=:\s]/.test(first)
  if (start === line) {
    findings.push(explainSyntax(first, start, error.index, error.message))
    const goesOn = isRemark(first) || (isSetting && isWhole(first))
    return goesOn ? blank(text, start, endOfLine(text, start)) : text.slice(0, start)
  }
  const atEnd = at < error.index
  const last = text.slice(line, endOfLine(text, line))
  const beginsAnew = /^\s*(\[|[\w.-]+\s*=)/.test(last)
  findings.push(
    atEnd || beginsAnew
      ? explainUnfinished(first, start)
      : explainElement(last, line, error.index, error.message),
  )
  const goesOn = beginsAnew && isSetting && !atEnd && !/=\s*\{/.test(first)
  return goesOn ? blank(text, start, line) : text.slice(0, start)
}

/** Nothing in the line can go on in the next: no bracket is left open, no text of several lines begins. */
function isWhole(line: string): boolean {
  return /^[^[{]*(\[[^[\]]*\]\s*(#.*)?)?$/.test(line) && !/"""|'''/.test(line)
}

function isRemark(line: string): boolean {
  return /^\s*(#|;|\/\/)/.test(line)
}

function startOfLine(text: string, at: number): number {
  return at <= 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function blank(text: string, start: number, end: number): string {
  return text.slice(0, start) + text.slice(start, end).replace(/[^\r\n]/g, ' ') + text.slice(end)
}
