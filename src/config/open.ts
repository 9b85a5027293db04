// TOML text in; where in it nothing is open, and where too much is, out. It only looks at what can span lines: brackets
// and texts of several lines. For text that the parser has taken up to there; about anything else it may be wrong.

/** Deeper than this nothing of a config is, and the parser's own stack ends at some thousands. */
export const mostNested = 50

export interface Open {
  /** the start of the last line, up to the end of what was looked at, that nothing before goes on in */
  readonly lastWhole: number
  /** the first bracket that is more than `mostNested` deep */
  readonly tooDeep: number | undefined
}

/** Looks at `text` up to `end`, once and from the start. */
export function findOpen(text: string, end: number): Open {
  // One after the other: comment, text of several lines, text of one line (also one that does not end), bracket, rest.
  const part = /#[^\n]*|("""|''')|"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?|[[{]|[\]}]|=|\n|[^\s#"'[\]{}=]+/g
  let lastWhole = 0
  let depth = 0
  let tooDeep: number | undefined
  let awaitsValue = false
  for (let found = part.exec(text); found !== null && found.index < end; found = part.exec(text)) {
    const [token, quotes] = found
    if (token.startsWith('#')) continue
    if (token === '\n') {
      if (depth === 0 && !awaitsValue) lastWhole = part.lastIndex
      continue
    }
    awaitsValue = token === '=' && depth === 0
    if (quotes !== undefined) {
      const close = endOfText(text, part.lastIndex, quotes)
      if (close === undefined || close > end) break
      part.lastIndex = close
    } else if (token === '[' || token === '{') {
      depth++
      if (depth > mostNested) tooDeep ??= found.index
    } else if (token === ']' || token === '}') depth = Math.max(0, depth - 1)
  }
  return { lastWhole: Math.min(lastWhole, end), tooDeep }
}

/** Behind the quotes that end it, of which there may be up to five: two are its own. */
function endOfText(text: string, from: number, quotes: string): number | undefined {
  const close = quotes === '"""' ? /\\[^]|"{3,5}/g : /'{3,5}/g
  close.lastIndex = from
  for (let found = close.exec(text); found !== null; found = close.exec(text)) {
    if (!found[0].startsWith('\\')) return close.lastIndex
  }
  return undefined
}
