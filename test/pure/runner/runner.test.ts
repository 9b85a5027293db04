// How tests are run: which class a file is of, what its TAP says, and when a file that failed passes all the same.

import t from 'tap'
import { project } from '../../program.js'
import { allFiles, classes, classNames, classOf, inOrder, isOf } from '../../runner/classes.js'
import { readTap, type FileRun } from '../../runner/run-file.js'
import { unstableLines, verdictOf } from '../../runner/verdict.js'

const whole: FileRun = {
  file: 'test/timing/a.test.ts', passed: 3, failures: [], skipped: [], comments: [], seconds: 1,
}
const broken: FileRun = { ...whole, passed: 1, failures: [{ assertion: 'rates > over eth1', detail: '' }] }

t.test('every test file of the project is of one class, and each class has one', async (t) => {
  const files = await allFiles(project)
  const found = new Set(files.map(classOf))
  t.strictSame([...found], [...classNames], 'in the order of the classes')
  t.strictSame(files.filter((file) => isOf('system', file)), ['test/system/whole-debian.test.ts'])
  for (const file of files) {
    t.equal(['short', 'long', 'system'].filter((name) => isOf(name as 'short', file)).length, 1, file)
  }
})

t.test('a file without a class is refused with the places there are', async (t) => {
  for (const file of ['test/plan/slots.test.ts', 'src/pure/a.test.ts', 'test/pure/plan/config.ts', 'test/lab']) {
    const message = `${file} is no test; a test is test/pure|kernel|lab|timing|system/….test.ts`
    t.throws(() => classOf(file), { message })
  }
})

t.test('pure files come first, system files last', async (t) => {
  const ordered = ['test/pure/z.test.ts', 'test/lab/a.test.ts', 'test/lab/b.test.ts', 'test/system/a.test.ts']
  t.strictSame(inOrder(ordered.toReversed()), ordered)
})

t.test('only what says something about when is ever tried again, and only pure files run side by side', async (t) => {
  t.strictSame(classNames.filter((name) => classes[name].triedAgain), ['timing', 'system'])
  t.strictSame(classNames.filter((name) => classes[name].confined), ['pure'])
  for (const name of classNames.slice(1)) t.equal(classes[name].jobs, 1, name)
})

t.test('a file that fails passes as unstable if it passes twice more, and only then', async (t) => {
  t.equal(verdictOf([whole]), 'passed')
  t.equal(verdictOf([broken]), 'failed', 'of a class that is not tried again')
  t.equal(verdictOf([broken, whole, whole]), 'unstable')
  t.equal(verdictOf([broken, broken, whole]), 'failed')
  t.equal(verdictOf([broken, whole, broken]), 'failed')
  const other = { ...broken, failures: [{ assertion: 'another', detail: '' }] }
  t.equal(verdictOf([broken, whole, other]), 'failed', 'whatever fails then')
  t.equal(verdictOf([{ ...whole, skipped: ['one'] }]), 'failed', 'what was skipped did not pass')
  t.strictSame(unstableLines(broken), ['UNSTABLE test/timing/a.test.ts: rates > over eth1'])
})

const tap = `TAP version 14
# Subtest: rates
    # 3 of 4
    ok 1 - over eth0
    not ok 2 - over eth1
      ---
      diff: |
        -1
        +2
      stack: somewhere
      ...
    1..2
not ok 1 - rates # time=2ms

ok 2 - later # SKIP no kernel
1..2
# { total: 3, pass: 1, fail: 1, skip: 1 }
`

t.test('what a file prints is read assertion by assertion', async (t) => {
  const { passed, failures, skipped, comments } = readTap(tap, tap, 'exit 1')
  t.equal(passed, 1)
  t.strictSame(failures, [{ assertion: 'rates > over eth1', detail: 'diff:\n  -1\n  +2\n  ' }])
  t.strictSame(skipped, ['later'])
  t.strictSame(comments, ['3 of 4'])
})

t.test('a file that breaks off, ends badly or tests nothing has failed, and its last words are shown', async (t) => {
  const good = 'TAP version 14\nok 1 - one\n1..1\n'
  t.strictSame(readTap(good, good, '').failures, [])
  t.strictSame(readTap(good, `${good}Error: no box`, 'exit 1').failures, [
    { assertion: 'the file ends well (exit 1)', detail: `${good}Error: no box` },
  ])
  t.match(readTap('TAP version 14\nok 1 - one\n', 'cut', 'exit SIGKILL').failures, [{ detail: 'cut' }])
  t.match(readTap('TAP version 14\n1..0\n', '', '').failures, [{ assertion: 'the file tests something' }])
})
