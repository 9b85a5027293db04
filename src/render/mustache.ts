// mustache as multilink needs it: a missing name is an error, and values are quoted for the language that is rendered.

import Mustache from 'mustache'

/** A template's values: text, flags, lists and blocks of the same. */
export type View = Readonly<Record<string, unknown>>

/** How a value in {{ }} is quoted; {{{ }}} is for text that was quoted or composed before. */
export type Quote = (value: string) => string

/** mustache renders an unknown name as nothing; here it is a defect of the template. */
class StrictContext extends Mustache.Context {
  override push(view: unknown): StrictContext {
    return new StrictContext(view, this)
  }

  override lookup(name: string): unknown {
    const value: unknown = super.lookup(name)
    if (value === undefined) throw new Error(`template: unknown name "${name}"`)
    return value
  }
}

/** Renders `template` with `view`; throws on a name that the view does not have. */
export function renderTemplate(
  template: string,
  view: View,
  quote: Quote,
  partials: Record<string, string> = {},
): string {
  return new Mustache.Writer().render(template, new StrictContext(view), partials, {
    escape: (value: unknown) => quote(String(value)),
  })
}

/** For nft: only what needs no quoting can pass, so that no value can end a string or begin a statement. */
export function quoteNft(value: string): string {
  if (!/^[A-Za-z0-9_.:/-]*$/.test(value)) throw new Error(`"${value}" cannot stand in an nft rule`)
  return value
}

/** For sh: single quotes, where only a single quote itself means anything. */
export function quoteShell(value: string): string {
  return /^[A-Za-z0-9_.:/=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`
}

/** For comments in every language here: one line, whatever a path may hold. */
export function commentText(value: string): string {
  return value.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?')
}

/** For sysctl.d and comments: as it is. */
export function quoteNothing(value: string): string {
  return value
}

/** Marks each item with `last`, which mustache needs to leave out a comma. */
export function withLast<T extends object>(items: readonly T[]): (T & { last: boolean })[] {
  return items.map((item, index) => ({ ...item, last: index === items.length - 1 }))
}
