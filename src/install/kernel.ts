// The running system: what only root on the machine itself can do. Every program's refusal becomes one line.

import { execa } from 'execa'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { exitCode, SystemError } from '../errors.js'
import { passOn, type Lock } from './lock.js'
import { libraryPath } from './paths.js'

/** Asks nft whether it takes `rules`, changing nothing. */
export async function checkRules(rules: string): Promise<void> {
  const result = await execa('nft', ['-c', '-f', '-'], { input: rules, reject: false })
  if (!result.failed) return
  const reason = firstError(result)
  throw new SystemError(`nft refused the new rules (${reason}); the old ones still run, nothing was changed`)
}

/** Makes generation `number` current and loads it; puts the one before back if it is refused. Returns what was said. */
export async function installGeneration(number: number, lock: Lock): Promise<string> {
  const result = await runLibrary('install-generation', [String(number)], lock)
  if (!result.failed) return result.stderr
  const after =
    result.exitCode === exitCode.refused
      ? 'everything is as it was before'
      : "not all that was before could be put back; run 'multilink apply' again"
  throw new SystemError(`generation ${number} could not be loaded (${firstError(result)}); ${after}`)
}

/** Loads the current generation again: what is as it should be stays untouched. */
export async function reload(lock: Lock): Promise<string> {
  const result = await runLibrary('start', [], lock)
  if (!result.failed) return result.stderr
  const reason = firstError(result)
  throw new SystemError(`the current generation could not be loaded (${reason}); what was loaded still runs`)
}

/** Takes everything of multilink's out of the kernel. */
export async function unload(): Promise<void> {
  const result = await runLibrary('stop')
  if (!result.failed) return
  throw new SystemError(`not everything could be taken away (${firstError(result)}); run 'multilink stop' again`)
}

/** @throws SystemError unless this is root, who alone may change the kernel's state. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new SystemError('only root may do this; nothing was changed')
}

/** @throws SystemError unless the shell that does the work is installed. */
export function requireLibrary(): void {
  for (const path of ['install-generation', 'start', 'stop'].map((name) => join(libraryPath, name))) {
    if (!existsSync(path)) throw new SystemError(`${path} is missing; reinstall multilink; nothing was changed`)
  }
}

async function runLibrary(name: string, args: readonly string[] = [], lock?: Lock) {
  requireLibrary()
  return execa(join(libraryPath, name), args, { reject: false, ...(lock === undefined ? {} : passOn(lock)) })
}

/** The line that tells most: what multilink's own shell found refused, else the program's error, else anything. */
function firstError(result: { stderr: string; shortMessage?: string | undefined }): string {
  const lines = result.stderr.split('\n').map((text) => text.trim())
  const telling = [/refuses the gateway/, /error/i, /./]
  const line = telling.flatMap((pattern) => lines.find((text) => pattern.test(text)) ?? [])[0]
  const message = line ?? result.shortMessage ?? 'no message'
  return message.replace(/^multilink: /, '').replace(/^\/dev\/stdin:/, 'rules.nft:')
}
