// The generator as one file, made of the sources as they are now, for tests that run it as a program.

import { build } from 'esbuild'
import { execa } from 'execa'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const project = fileURLToPath(new URL('..', import.meta.url))

/** Writes sbin/multilink and, where it looks for them, the templates; returns the program's path. */
export async function bundleProgram(folder: string): Promise<string> {
  const program = join(folder, 'sbin/multilink')
  await build({
    entryPoints: [join(project, 'src/main.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    banner: { js: `#!${process.execPath}` },
    logLevel: 'warning',
  })
  await execa('chmod', ['755', program])
  await symlink(join(project, 'templates'), join(folder, 'templates'))
  return program
}
