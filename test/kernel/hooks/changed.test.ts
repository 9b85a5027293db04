// `changed`, which everything calls that notices something: it makes the kernel's state right, and nothing else.

import t from 'tap'
import { allLinks, appliedBox, configureAll, makeBox } from './box.js'

const changed = '/var/lib/multilink/current/changed'

t.test('what happened outside ifupdown is taken in, in both directions', async (t) => {
  const box = await appliedBox(t)
  const before = await box.state()
  t.strictSame(await box.run(changed), { code: 0, stdout: '', stderr: '' }, 'nothing happened')
  t.equal(await box.state(), before)

  await box.sh('ip link set eth1 down')
  const { code, stderr } = await box.run(changed)
  t.equal(code, 0)
  t.match(stderr, 'multilink: eth1 is out: its interface is down or absent')
  t.match(await box.sh('nft list map inet multilink ways'), '0x02000000 : goto out')

  await box.configure('eth1')
  t.match((await box.run(changed)).stderr, 'multilink: eth1 is in, gateway 172.16.0.1')
  t.equal(await box.state(), before)
})

t.test('while stopped, and without any link, it changes nothing', async (t) => {
  const box = await makeBox(t)
  await configureAll(box)
  await box.apply(allLinks)
  await box.sh('multilink stop')
  const stopped = await box.state()
  t.strictSame(await box.run(changed), { code: 0, stdout: '', stderr: '' })
  t.equal(await box.state(), stopped)

  await box.apply('')
  const without = await box.state()
  t.strictSame(await box.run(changed), { code: 0, stdout: '', stderr: '' })
  t.equal(await box.state(), without)
})
