// What an apply would change, as the admin is told.

import t from 'tap'
import type { Config, LinkConfig } from '../../../src/config/config.js'
import { describeChanges, diffFiles } from '../../../src/install/changes.js'
import { buildPlan } from '../../../src/plan/build.js'
import { formatPlanJson } from '../../../src/plan/format.js'
import { configOf, linkNamed } from '../plan/config.js'

const numbers = new Map([['eth0', 1], ['eth1', 2], ['ppp0', 3]])
const json = (links: LinkConfig[], more: Partial<Config> = {}) =>
  formatPlanJson(buildPlan(configOf(links, more), numbers).plan)
const [eth0, eth1, ppp0] = [linkNamed('eth0'), linkNamed('eth1'), linkNamed('ppp0')] as const

t.test('the first apply names the links', async (t) => {
  t.strictSame(describeChanges(undefined, json([eth0, eth1])), ['link eth0: new', 'link eth1: new'])
})

t.test('the same plan changes nothing', async (t) => {
  t.strictSame(describeChanges(json([eth0, eth1]), json([eth0, eth1])), [])
})

t.test('links that come and go are named', async (t) => {
  const changes = describeChanges(json([eth0, eth1]), json([eth0, ppp0]))
  t.strictSame(changes, ['link eth1: gone', 'link ppp0: new'])
})

t.test('a weight says what it was and is, and so do the shares that follow from it', async (t) => {
  const changes = describeChanges(json([eth0, eth1]), json([eth0, { ...eth1, weight: 3 }]))
  t.strictSame(changes, ['link eth0: share 0.5 -> 0.25', 'link eth1: weight 1 -> 3', 'link eth1: share 0.5 -> 0.75'])
})

t.test('settings of the whole are named by their keys', async (t) => {
  const changes = describeChanges(json([eth0]), json([eth0], { method: 'hash', fallback: false }))
  t.strictSame(changes, ['method nth -> hash', 'fallback true -> false'])
})

t.test('a dry run\'s diff shows lines that come and go, and files that are new', async (t) => {
  const current = new Map([['a', 'one\ntwo\n'], ['same', 'x\n']])
  const artefacts = [
    { path: 'a', mode: 0o644, text: 'one\nthree\n' },
    { path: 'same', mode: 0o644, text: 'x\n' },
    { path: 'b', mode: 0o644, text: 'new\n' },
  ]
  const diff = await diffFiles(current, artefacts)
  t.match(diff, '--- current/a\n+++ new/a\n@@ -1,2 +1,2 @@\n one\n-two\n+three')
  t.match(diff, '--- current/b\n+++ new/b\n@@ -0,0 +1 @@\n+new')
  t.notMatch(diff, 'same')
})
