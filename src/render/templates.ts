// The mustache templates, read from where this program is: beside the sources, or under /usr/share of its own prefix.

import { existsSync } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SystemError } from '../errors.js'

const files = {
  boot: 'boot.mustache',
  changed: 'changed.mustache',
  config: 'multilink.conf.mustache',
  'if-down': 'if-down.mustache',
  'if-up': 'if-up.mustache',
  monitor: 'monitor.mustache',
  rules: 'rules.nft.mustache',
  settings: 'settings.mustache',
  sysctl: 'sysctl.conf.mustache',
} as const

export type Templates = Readonly<Record<keyof typeof files, string>>

/** Where the templates are for a program at `program`: PREFIX/sbin/multilink has PREFIX/share/multilink/templates. */
export async function findTemplates(program: string): Promise<string> {
  const folder = dirname(await realpath(program))
  const candidates = [join(folder, '../share/multilink/templates'), join(folder, '../templates')]
  const found = candidates.find((candidate) => existsSync(candidate))
  if (found === undefined) {
    throw new SystemError(`no templates in ${candidates.join(' or ')}; reinstall multilink; nothing was changed`)
  }
  return found
}

/** Reads every template in `folder`. */
export async function readTemplates(folder: string): Promise<Templates> {
  const entries = Object.entries(files).map(async ([name, file]) => {
    try {
      return [name, await readFile(join(folder, file), 'utf8')] as const
    } catch (cause) {
      const path = join(folder, file)
      throw new SystemError(`cannot read the template ${path}; reinstall multilink; nothing was changed`, { cause })
    }
  })
  return Object.fromEntries(await Promise.all(entries)) as Templates
}
