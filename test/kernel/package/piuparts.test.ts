// Debian's own test of installing, upgrading, removing and purging, in a chroot it makes from this test's Debian.

import { execa } from 'execa'
import t from 'tap'
import { deb, debianRoot } from './debian.js'

t.test('piuparts finds nothing to say against the package', async (t) => {
  const root = await debianRoot()
  const options = ['--distribution', 'bookworm', '--existing-chroot', root, '--warn-on-debsums-errors']
  const { exitCode, all } = await execa('piuparts', [...options, deb], { all: true, reject: false, timeout: 240_000 })
  t.equal(exitCode, 0, all)
})
