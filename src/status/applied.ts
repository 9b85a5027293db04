// In: a root. Out: what was applied there last. Reads files only.

import { readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import { readConfig } from '../config/read.js'
import { AdminError, SystemError } from '../errors.js'
import { readNumbers } from '../install/numbers.js'
import { pathsUnder } from '../install/paths.js'
import { buildPlan } from '../plan/build.js'
import { formatPlanJson } from '../plan/format.js'
import { readText, readTime } from './files.js'

/** plan.json writes marks as "0x01000000". */
const mark = v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.number())

const planSchema = v.object({
  config: v.string(),
  method: v.picklist(['nth', 'random', 'hash']),
  mask: mark,
  offload: v.optional(v.boolean(), false),
  links: v.array(
    v.object({
      name: v.string(),
      number: v.number(),
      mark,
      table: v.number(),
      weight: v.number(),
      share: v.number(),
      isDefault: v.boolean(),
      gateway: v.string(),
      gateway6: v.string(),
      ipv6: v.boolean(),
      tier: v.number(),
      check: v.union([v.literal('gateway'), v.array(v.string())]),
      checkCommand: v.string(),
    }),
  ),
})

/** The part of plan.json that status shows. */
export type AppliedPlan = v.InferOutput<typeof planSchema>

export type AppliedLink = AppliedPlan['links'][number]

export interface Applied {
  readonly generation: number | null
  readonly plan: AppliedPlan
  readonly configNewer: boolean
}

const current = '/var/lib/multilink/current'

/** The current generation; undefined if nothing was ever applied. */
export async function readApplied(root: string): Promise<Applied | undefined> {
  const path = join(root, current, 'plan.json')
  const text = await readText(path)
  if (text === undefined) return undefined
  const plan = v.safeParse(v.pipe(v.string(), v.parseJson(), planSchema), text)
  if (!plan.success) {
    const what = plan.issues[0].message
    throw new SystemError(
      `${path} is not a plan of this multilink (${what}); 'multilink apply' writes it anew`,
    )
  }
  const file = plan.output.config
  const [target, applied] = await Promise.all([readlink(join(root, current)).catch(() => ''), readTime(path)])
  return {
    generation: /^\d+$/.test(basename(target)) ? Number(basename(target)) : null,
    plan: plan.output,
    configNewer: await isNewer(file, file.startsWith(root) ? file : join(root, file), root, applied, text),
  }
}

/**
 * Written after the apply, and with another plan: a changed comment, or an apply that found nothing to do,
 * is no news.
 */
async function isNewer(file: string, path: string, root: string, applied: Date | undefined, text: string) {
  const written = await readTime(path)
  if (written === undefined || applied === undefined || written <= applied) return false
  try {
    const config = { ...(await readConfig(path)), file }
    return formatPlanJson(buildPlan(config, await readNumbers(pathsUnder(root))).plan) !== text
  } catch (error) {
    if (error instanceof AdminError) return true // apply would refuse it
    throw error
  }
}
