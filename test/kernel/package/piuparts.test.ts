// Debian's own test of installing, upgrading, removing and purging, in a chroot it makes from this test's Debian.

import { execa } from 'execa'
import t from 'tap'
import { installLimit } from '../../limits.js'
import { deb, debianRoot } from './debian.js'

t.test('piuparts finds nothing to say against the package', async (t) => {
  const root = await debianRoot()
  const words = ['--distribution', 'bookworm', '--existing-chroot', root, '--warn-on-debsums-errors', deb]
  const { exitCode, all } = await execa('piuparts', words, { all: true, reject: false, timeout: installLimit })
  t.equal(exitCode, 0, all)
})
