// Findings (an offset in the admin's text and what is wrong there) in; the lines people read, with the source
// line and a caret, out.

/** One thing that is wrong, at an offset in UTF-16 units of the text. */
export interface Finding {
  readonly at: number
  readonly message: string
}

/** Where an offset is for a person: both from 1, the column in characters, not in bytes or UTF-16 units. */
export function positionOf(text: string, at: number): { line: number; column: number; source: string } {
  const offset = at < text.length ? at : text.trimEnd().length
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', offset)
  const source = text.slice(start, end < 0 ? text.length : end).replace(/\r$/, '')
  const line = text.slice(0, start).split('\n').length
  return { line, column: [...text.slice(start, offset)].length + 1, source }
}

/** The line of an offset, for messages that point to another place of the file. */
export function lineOf(text: string, at: number): number {
  return positionOf(text, at).line
}

/** A terminal must not act on what it shows. A character stays one character, for the caret's sake. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\t]/gu, '\ufffd')
}

/** Nothing that people write is longer: what is goes on as "…". */
const longest = 200

/** In the order of the file: `FILE:LINE:COLUMN: message`, the source line, a caret under the column. */
export function formatFindings(file: string, text: string, findings: readonly Finding[]): string[] {
  return [...findings]
    .sort((a, b) => a.at - b.at)
    .map(({ at, message }) => {
      const { line, column, source } = positionOf(text, at)
      const shown = printable(message).replace(/\S+/g, (word) => shorten([...word]))
      return `${file}:${line}:${column}: ${shown}\n${pointTo([...printable(source)], column)}`
    })
}

/** The source line and a caret under the column; of a long line only the part around it. */
function pointTo(source: readonly string[], column: number): string {
  const from = column > longest / 2 && source.length > longest ? column - longest / 4 : 0
  const part = [...(from > 0 ? '…' : ''), ...source.slice(from)]
  // the same tabs before the caret as before what it points to, whatever a tab's width is
  const before = part.slice(0, column - 1 - from + (from > 0 ? 1 : 0))
  const caret = before.map((character) => (character === '\t' ? '\t' : ' ')).join('') + '^'
  return `${shorten(part)}\n${caret}`
}

function shorten(characters: readonly string[]): string {
  return characters.length <= longest ? characters.join('') : `${characters.slice(0, longest).join('')}…`
}
