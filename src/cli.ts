// The command line: what each command takes and which steps it is made of. Results go to stdout, messages to stderr.

import { Command, CommanderError, InvalidArgumentError, type CommandOptions } from 'commander'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from './config/config.js'
import { readConfig } from './config/read.js'
import { AdminError, describeFailure, exitCode } from './errors.js'
import { initConfigFile } from './init/init.js'
import { installSet, isNothing, prepare, readApplied, writeSet } from './install/apply.js'
import type { Prepared } from './install/apply.js'
import { describeChanges, diffFiles } from './install/changes.js'
import { requireRoot, unload } from './install/kernel.js'
import { underLock } from './install/lock.js'
import { readNumbers } from './install/numbers.js'
import { configPath, pathsUnder } from './install/paths.js'
import { buildPlan } from './plan/build.js'
import { formatPlan, formatPlanJson } from './plan/format.js'
import { findTemplates, readTemplates } from './render/templates.js'
import { readStatus } from './status/read.js'
import { renderStatus } from './status/table.js'

interface Options {
  readonly config?: string
  readonly root: string
}

const version = process.env['MULTILINK_VERSION'] ?? 'unreleased'

/** Runs the command line `argv` (as process.argv) and returns the exit code; failures are printed, not thrown. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = buildProgram(argv[1] ?? '')
  leaveGoneDirectory()
  try {
    await program.parseAsync([...argv])
    return exitCode.done
  } catch (failure) {
    // commander has printed its own message.
    if (failure instanceof CommanderError) return failure.exitCode === 0 ? exitCode.done : exitCode.usage
    const { text, code } = describeFailure(failure)
    process.stderr.write(`${text}\n`)
    return code
  }
}

function buildProgram(self: string): Command {
  const program = new Command('multilink')
  program
    .description('balances new connections over several links to the Internet')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(multilink --help lists the commands and options)')

  const command = (name: string, description: string, options: CommandOptions = {}) =>
    program
      .command(name, options)
      .description(description)
      .option('--config <file>', `the config (default: ${configPath} under the root)`)
      .option('--root <dir>', 'work under another root directory', rootDirectory, '/')
      .allowExcessArguments(false)
      .exitOverride()

  command('check', 'check the config and print every error in it').action(async (options: Options) => {
    const config = await readConfig(configFile(options))
    buildPlan(config, await readNumbers(pathsUnder(options.root)))
    process.stdout.write(`${config.file} is right: ${countLinks(config)}\n`)
  })

  command('plan', 'print what the config comes to: marks, tables, shares, slots, rules')
    .option('--json', 'as JSON')
    .action(async (options: Options & { json?: true }) => {
      const config = await readConfig(configFile(options))
      const { plan } = buildPlan(config, await readNumbers(pathsUnder(options.root)))
      process.stdout.write(options.json ? formatPlanJson(plan) : formatPlan(plan))
    })

  command('render', 'write the hooks, rules and settings under --root, and load nothing').action(
    async (options: Options) => {
      if (isRunning(options)) {
        throw usage('render writes for another root: give --root DIR; `apply` is for this machine')
      }
      const paths = pathsUnder(options.root)
      const config = await readConfig(configFile(options))
      await writeSet(await prepare(config, paths, await templatesOf(self)), paths)
    },
  )

  command('apply', 'check, plan, render, and load the result in one transaction')
    .option('--dry-run', 'only show what would change')
    .action(async (options: Options & { dryRun?: true }) => {
      const paths = pathsUnder(options.root)
      const file = configFile(options)
      if (!options.dryRun && isRunning(options)) requireRoot()
      // Rendered files and `status` name the config wherever they are read.
      const config = { ...(await readConfig(file, { ownedByRoot: !options.dryRun })), file: resolve(file) }
      const templates = await templatesOf(self)
      const prepareAndShow = async () => {
        const prepared = await prepare(config, paths, templates)
        await showChanges(prepared, options.dryRun ?? false)
        return prepared
      }
      if (options.dryRun || (await isNothing(config, paths))) {
        await prepareAndShow()
        return
      }
      if (!isRunning(options)) return writeSet(await prepareAndShow(), paths)
      const said = await underLock(async (lock) => installSet(await prepareAndShow(), paths, lock))
      process.stderr.write(asLines(said))
    })

  // For /usr/lib/multilink/start: the shell library of this version does not understand what another one rendered.
  command('renew', 'render anew what was applied, and load it', { hidden: true }).action(async (options: Options) => {
    if (!isRunning(options)) throw usage('renew is for this machine, not for another --root')
    requireRoot()
    const paths = pathsUnder(options.root)
    const templates = await templatesOf(self)
    const said = await underLock(async (lock) => {
      const config = await readApplied(paths, configFile(options))
      return installSet(await prepare(config, paths, templates), paths, lock)
    })
    process.stderr.write(asLines(said))
  })

  command('status', 'show each link: up or out and why, its share, connections and bytes')
    .option('--json', 'as JSON')
    .action(async (options: Options & { json?: true }) => {
      const status = await readStatus(options.root)
      process.stdout.write(options.json ? `${JSON.stringify(status, null, 2)}\n` : renderStatus(status))
    })

  command('stop', 'take everything of multilink out of the kernel, until the next apply or boot').action(
    async (options: Options) => {
      if (!isRunning(options)) throw usage('stop is for this machine, not for another --root')
      requireRoot()
      await unload()
    },
  )

  command('init', 'write a first config from what ifupdown and the kernel know').action(async (options: Options) => {
    const file = options.config ?? join(options.root, configPath)
    const template = (await templatesOf(self)).config
    const { warnings, links } = await initConfigFile(file, { root: options.root, template })
    for (const warning of warnings) process.stderr.write(`multilink: ${warning}\n`)
    const next = links.length > 0 ? "look it over, then run 'multilink apply'" : 'choose your links in it'
    process.stdout.write(`${file} is written; ${next}\n`)
  })

  return program
}

/** Started in a directory that was deleted, Node can neither resolve a path nor run a program. */
function leaveGoneDirectory(): void {
  try {
    process.cwd()
  } catch {
    process.chdir('/')
  }
}

function usage(message: string): AdminError {
  return new AdminError([`multilink: ${message}; nothing was changed`], exitCode.usage)
}

function rootDirectory(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty; / is this machine.')
  return resolve(text)
}

function isRunning(options: Options): boolean {
  return options.root === '/'
}

/** The admin's file; under another root that has none, the machine's own. */
function configFile(options: Options): string {
  if (options.config !== undefined) return options.config
  const underRoot = join(options.root, configPath)
  return existsSync(underRoot) ? underRoot : configPath
}

async function templatesOf(self: string) {
  return readTemplates(await findTemplates(self))
}

function countLinks(config: Config): string {
  if (config.links.length === 0) return 'no link is defined, nothing will be changed'
  return config.links.length === 1 ? '1 link' : `${config.links.length} links`
}

async function showChanges(prepared: Prepared, withDiff: boolean): Promise<void> {
  const text = prepared.artefacts.find((artefact) => artefact.path === 'plan.json')?.text ?? ''
  const changes = describeChanges(prepared.current.get('plan.json'), text)
  process.stdout.write(changes.length > 0 ? asLines(changes.join('\n')) : 'nothing in the plan changes\n')
  if (withDiff) process.stdout.write(asLines(await diffFiles(prepared.current, prepared.artefacts)))
}

function asLines(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
