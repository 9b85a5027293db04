// In: the candidates. Out: the text of a first multilink.conf, from templates/multilink.conf.mustache.

import { quoteKey } from '../config/names.js'
import { commentText, renderTemplate } from '../render/mustache.js'
import type { Candidate } from './candidates.js'

/** An admin may read the file on a phone. */
const width = 78

/** The config's text. Without candidates it is the file as shipped: everything explained, no link defined. */
export function renderConfig(template: string, candidates: readonly Candidate[], written: boolean): string {
  const links = candidates.map(({ name, active, gateway, checked, remarks }, at) => ({
    name: quoteKey(name),
    off: active ? '' : '#',
    isDefault: active && at === 0,
    gateway,
    checked,
    remarks: remarks.flatMap((remark) => wrap(commentText(remark), width - 2)),
  }))
  return renderTemplate(template, { written, links, hasLinks: links.length > 0 }, quoteToml)
}

/** A TOML basic string; JSON's escapes are among TOML's. */
export function quoteToml(value: string): string {
  return JSON.stringify(value)
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const word of text.match(/("[^"]*"|[^ "])+/g) ?? []) {
    // what is quoted stays together
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
