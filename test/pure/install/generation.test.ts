// Generations on disk: each whole, each with a number of its own; remembered numbers that are damaged are refused.

import { mkdir, readFile, readdir, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { currentGeneration, pointAt, readCurrent, writeGeneration } from '../../../src/install/generation.js'
import { readNumbers, writeNumbers } from '../../../src/install/numbers.js'
import { pathsUnder } from '../../../src/install/paths.js'

const artefacts = [
  { path: 'boot', mode: 0o755, text: '#!/bin/sh\n' },
  { path: 'plan.json', mode: 0o644, text: '{}\n' },
]

t.test('before the first generation there is none, and none is read', async (t) => {
  const paths = pathsUnder(t.testdir())
  t.equal(await currentGeneration(paths), undefined)
  t.equal((await readCurrent(paths)).size, 0)
})

t.test('a generation is written with its modes whatever the umask, and read back by name', async (t) => {
  const paths = pathsUnder(t.testdir())
  const umask = process.umask(0o077)
  t.teardown(() => process.umask(umask))
  const number = await writeGeneration(paths, artefacts)
  await pointAt(paths, number)
  t.equal(number, 1)
  t.equal(await readlink(paths.current), 'generations/1', 'relative, so that it is right under any root')
  t.equal((await stat(join(paths.current, 'boot'))).mode & 0o777, 0o755)
  t.equal((await stat(join(paths.current, 'plan.json'))).mode & 0o777, 0o644)
  t.strictSame(Object.fromEntries(await readCurrent(paths)), { boot: '#!/bin/sh\n', 'plan.json': '{}\n' })
})

t.test('numbers go up from the highest that is there, which need not be the current one', async (t) => {
  const paths = pathsUnder(t.testdir())
  await mkdir(join(paths.generations, '9'), { recursive: true })
  await mkdir(join(paths.generations, 'notes'))
  t.equal(await writeGeneration(paths, artefacts), 10)
})

t.test('ten at once get ten numbers, each generation whole', async (t) => {
  const paths = pathsUnder(t.testdir())
  const numbers = await Promise.all(Array.from({ length: 10 }, () => writeGeneration(paths, artefacts)))
  t.strictSame([...numbers].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  for (const number of numbers) {
    t.strictSame((await readdir(join(paths.generations, String(number)))).sort(), ['boot', 'plan.json'])
  }
})

t.test('a generation that cannot be written whole is taken away again', async (t) => {
  const paths = pathsUnder(t.testdir())
  const broken = [...artefacts, { path: 'no/such/folder', mode: 0o644, text: '' }]
  await t.rejects(writeGeneration(paths, broken), { code: 3, message: /nothing was changed/ })
  t.strictSame(await readdir(paths.generations), [])
})

t.test('remembered numbers are written in their order and read back', async (t) => {
  const paths = pathsUnder(t.testdir())
  await mkdir(paths.state, { recursive: true })
  t.equal((await readNumbers(paths)).size, 0, 'none before the first')
  await writeNumbers(paths, new Map([['b', 2], ['a', 7], ['c', 1]]))
  t.equal(await readFile(paths.numbers, 'utf8'), '{\n  "c": 1,\n  "b": 2,\n  "a": 7\n}\n')
  t.strictSame([...(await readNumbers(paths))], [['c', 1], ['b', 2], ['a', 7]])
  t.strictSame(await readdir(paths.state), ['numbers.json'], 'nothing is left beside it')
})

t.test('the number of a link that is called as JavaScript\'s own is remembered too', async (t) => {
  const paths = pathsUnder(t.testdir())
  await mkdir(paths.state, { recursive: true })
  const numbers = new Map([['constructor', 1], ['__proto__', 2], ['prototype', 3]])
  await writeNumbers(paths, numbers)
  t.strictSame(await readNumbers(paths), numbers)
})

t.test('a damaged numbers.json is refused: guessing would move connections to other links', async (t) => {
  const paths = pathsUnder(t.testdir())
  await mkdir(paths.state, { recursive: true })
  for (const text of ['', '{', '"a"', '{"a": 0}', '{"a": 1.5}', '{"a": "1"}', 'null']) {
    await writeFile(paths.numbers, text)
    await t.rejects(readNumbers(paths), { code: 3, message: /numbers\.json is damaged.*nothing was changed/ }, text)
  }
  await writeFile(paths.numbers, '{"a": 1, "b": 1}')
  await t.rejects(readNumbers(paths), { code: 3, message: /is damaged/ }, 'two links with one number')
})

t.test('a numbers.json that cannot be read is a refusal, not an empty one', async (t) => {
  const paths = pathsUnder(t.testdir())
  await mkdir(paths.numbers, { recursive: true })
  await t.rejects(readNumbers(paths), { code: 3, message: /cannot read .*numbers\.json/ })
})
