// What an apply would change, for the admin: the plan's differences in words, the files' as a diff.

import { execa } from 'execa'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Artefact } from '../render/artefacts.js'

type Json = Readonly<Record<string, unknown>>

/** One line a difference: "link eth1: weight 1 -> 3", "link eth2: new". Empty when nothing differs. */
export function describeChanges(before: string | undefined, after: string): string[] {
  const next = JSON.parse(after) as Json
  const last = before === undefined ? {} : (JSON.parse(before) as Json)
  const lastLinks = linksByName(last)
  const nextLinks = linksByName(next)
  const names = [...new Set([...lastLinks.keys(), ...nextLinks.keys()])]
  return [
    ...(before === undefined ? [] : describeFields('', settingsOf(last), settingsOf(next))),
    ...names.flatMap((name) => {
      const was = lastLinks.get(name)
      const is = nextLinks.get(name)
      if (was === undefined) return [`link ${name}: new`]
      if (is === undefined) return [`link ${name}: gone`]
      return describeFields(`link ${name}: `, was, is)
    }),
  ]
}

/** A unified diff of the current files (by name) and the new ones; `diff` is part of every Debian. */
export async function diffFiles(current: ReadonlyMap<string, string>, artefacts: readonly Artefact[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'multilink-'))
  try {
    const diffs = artefacts.map(async (artefact) => {
      const before = join(folder, `${artefact.path}.before`)
      const after = join(folder, `${artefact.path}.after`)
      await writeFile(before, current.get(artefact.path) ?? '')
      await writeFile(after, artefact.text)
      const labels = ['--label', `current/${artefact.path}`, '--label', `new/${artefact.path}`]
      const result = await execa('diff', ['-u', ...labels, before, after], { reject: false })
      return result.stdout
    })
    return (await Promise.all(diffs)).filter(Boolean).join('\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function linksByName(plan: Json): Map<string, Json> {
  const links = (plan['links'] ?? []) as Json[]
  return new Map(links.map((link) => [String(link['name']), link]))
}

/** What is neither a link's nor follows from the links. */
function settingsOf(plan: Json): Json {
  return Object.fromEntries(Object.entries(plan).filter(([key]) => !['links', 'slots', 'rules'].includes(key)))
}

function describeFields(prefix: string, was: Json, is: Json): string[] {
  return Object.keys({ ...was, ...is })
    .filter((key) => JSON.stringify(was[key]) !== JSON.stringify(is[key]))
    .map((key) => `${prefix}${key} ${show(was[key])} -> ${show(is[key])}`)
}

/** One line a value, whatever its length: a list of thousands of networks is told by its size. */
function show(value: unknown): string {
  const rounded = typeof value === 'number' ? Number(value.toFixed(4)) : value
  const text = typeof rounded === 'string' ? rounded : JSON.stringify(rounded ?? null)
  return text.length <= 60 ? text : `${text.slice(0, 40)}… (${text.length} characters)`
}
