// Connections that are being opened over a link whose provider has just died: once the link is out, or another one is
// in at last, they come through over another one. Nothing is tracked then that would catch a later connection from the
// same port.

import t, { type Test } from 'tap'
import type { Lab } from './network.js'
import { balancedLab, changed, checksFail, checksPass, linkNames, ports } from './scenario.js'
import { hostOf, linkSeenAs, type Family } from './topology.js'
import { until } from './wait.js'

const dead = 'eth1'
const deadMark = '0x2000000'

/** How many connections with a mark of ours have not been answered. */
async function unanswered(lab: Lab, family: Family, mark: string): Promise<number> {
  const list = `conntrack -L -f ipv${family} -m ${mark}/0xff000000 -p tcp --state SYN_SENT 2>/dev/null | wc -l`
  return Number((await lab.box.sh(list)).stdout)
}

/** Nine questions, asked when the link to all of them is dead; resolves to the links that they came through over. */
function askNine(lab: Lab, family: Family, place: 'box' | 'lan'): Promise<(string | undefined)[]> {
  const options = { hosts: [hostOf(family, 1)], port: ports.who, count: 9, parallel: 9 }
  const answers = lab.agent(place).then((agent) => agent.call('askMany', options))
  return answers.then((all) => all.map(({ seenAs, error }) => (seenAs === undefined ? error : linkSeenAs(seenAs))))
}

async function checkLoss(t: Test, lab: Lab, family: Family, place: 'box' | 'lan'): Promise<void> {
  await lab.kill(dead)
  const came = askNine(lab, family, place)
  await until('a third waits for its answer', async () => (await unanswered(lab, family, deadMark)) === 3)
  await lab.box.sh(`${checksFail(dead, family)}; ${changed}`)
  t.equal(await unanswered(lab, family, deadMark), 0, 'nothing that is tracked leads over the dead link')
  t.strictSame((await came).filter((name) => name !== 'eth0' && name !== 'rausb0'), [])
  await lab.revive(dead)
  await lab.box.sh(`${checksPass(dead, family)}; ${changed}`)
}

/** Where only checks fail the kernel's own choice carries what is begun, unmarked: main's default is over eth0. */
async function checkReturn(t: Test, lab: Lab, family: Family, place: 'box' | 'lan'): Promise<void> {
  await lab.box.sh(`${linkNames.map((name) => checksFail(name, family)).join('\n')}\n${changed}`)
  await lab.kill('eth0')
  const came = askNine(lab, family, place)
  await until('all wait for their answer', async () => (await unanswered(lab, family, '0')) === 9)
  await lab.box.sh(`${checksPass('rausb0', family)}; ${changed}`)
  t.strictSame(await came, Array.from({ length: 9 }, () => 'rausb0'))
  await lab.revive('eth0')
  await lab.box.sh(`${checksPass('eth0', family)}; ${checksPass(dead, family)}; ${changed}`)
}

t.test('what is being opened comes through over a link that is in', async (t) => {
  const lab = await balancedLab(t, { every: 'check = "gateway"\n', v6: 'static' })
  for (const family of [4, 6] as const) {
    for (const place of ['box', 'lan'] as const) {
      await t.test(`once the link is lost: IPv${family}, ${place}`, (t) => checkLoss(t, lab, family, place))
      await t.test(`once a link is back: IPv${family}, ${place}`, (t) => checkReturn(t, lab, family, place))
    }
  }
})
