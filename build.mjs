// In: src/, templates/. Out, in dist/: multilink, one CommonJS file that Node 18.19 runs; bundled-packages, the
// licences of what is in it; multilink.conf, the config as shipped. Same sources in, same bytes out.
import { chmod, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { build } from 'esbuild'
import Mustache from 'mustache'

const { version } = JSON.parse(await readFile('package.json', 'utf8'))

const { outputFiles, metafile } = await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/multilink',
  bundle: true,
  write: false,
  platform: 'node',
  target: 'node18.19',
  // ESM bundles of commander and execa die with "Dynamic require" on Node 18
  format: 'cjs',
  charset: 'utf8',
  legalComments: 'none', // the licences are in bundled-packages, whole
  banner: { js: '#!/usr/bin/node' },
  define: { 'process.env.MULTILINK_VERSION': JSON.stringify(version) },
  // debian/rules builds in a copy of the tree with node_modules linked in; the bundle must not name that path
  preserveSymlinks: true,
  metafile: true,
  logLevel: 'warning',
})

await mkdir('dist', { recursive: true })
// without an ending Node goes by the nearest package.json, and the project's says "module"
await writeFile('dist/package.json', '{"type": "commonjs"}\n')
await replace('dist/multilink', outputFiles[0].contents, 0o755)
await replace('dist/bundled-packages', await licences(Object.keys(metafile.inputs)), 0o644)

// what `multilink init` writes, without any link
const config = await readFile('templates/multilink.conf.mustache', 'utf8')
await replace('dist/multilink.conf', Mustache.render(config, { written: false, hasLinks: false, links: [] }), 0o644)

/** Written beside and renamed: a build never leaves half a file to somebody who runs it. */
async function replace(file, contents, mode) {
  await writeFile(`${file}.new`, contents)
  await chmod(`${file}.new`, mode)
  await rename(`${file}.new`, file)
}

/** One section a bundled package: its name, version, home page, and the text of its licence. */
async function licences(inputs) {
  const folders = new Set(inputs.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []))
  const sections = await Promise.all([...folders].sort().map(licenceOf))
  return `/usr/sbin/multilink contains these packages from the npm registry.\n\n${sections.join('\n')}`
}

async function licenceOf(folder) {
  const { name, version, license, homepage } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'))
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
  if (!file || !license) throw new Error(`${folder} does not say under which licence it may be passed on`)
  const text = (await readFile(path.join(folder, file), 'utf8')).replaceAll('\r\n', '\n').trim()
  return `${'='.repeat(78)}\n${name} ${version} (${license})\n${homepage ?? ''}\n\n${text}\n`
}
