// failback: what becomes of the connections over a backup link when a better one is usable again. eth0 is the better
// one, rausb0 the backup; eth1 stays down. A link is lost by what its prober would say.

import t, { type Test } from 'tap'
import { answerFlows, balancedLab, changed, checksFail, checksPass, echoWaiting } from './scenario.js'
import { lastOf, linksOf, ports } from './scenario.js'
import type { RunResult } from './namespaces.js'
import type { Lab } from './network.js'
import { hostOf, lan, linkSeenAs, type Family } from './topology.js'
import type { WaitingState } from './traffic/stranded.js'
import { until } from './wait.js'

const up = ['eth0', 'rausb0', lan.device]
const every = 'check = "gateway"\n'

async function setUsable(lab: Lab, name: string, usable: boolean): Promise<void> {
  const say = usable ? checksPass : checksFail
  await lab.box.sh([say(name, 4), say(name, 6), changed].join('\n'))
}

function errorsOf(states: readonly WaitingState[]): string[] {
  return [...new Set(states.flatMap(({ error }) => error ?? []))]
}

async function agentsOf(lab: Lab) {
  return { box: await lab.agent('box'), host: await lab.agent('lan') }
}

/** Connections and flows of this machine and of a LAN host, all over the backup link. */
async function openOverBackup(t: Test, lab: Lab, family: Family): Promise<void> {
  const host = hostOf(family)
  for (const agent of Object.values(await agentsOf(lab))) {
    const opened = await agent.call('openWaiting', { host, port: ports.echo, count: 3 })
    t.same(new Set(opened.map(({ seenAs }) => linkSeenAs(seenAs))), new Set(['rausb0']))
    await agent.call('startFlows', { host, port: ports.who, count: 2 })
    await until('every flow is answered', async () =>
      (await agent.call('flowStates')).every(({ changes }) => changes.length > 0),
    )
  }
}

async function linkOfNew(lab: Lab, family: Family): Promise<string[]> {
  const question = { host: hostOf(family), port: ports.who }
  const { box, host } = await agentsOf(lab)
  return linksOf([await box.call('ask', question), await host.call('ask', question)])
}

async function movedTuples(lab: Lab, family: Family): Promise<string> {
  return (await lab.box.sh(`nft list set inet multilink moved${family} | grep -F ${hostOf(family)} || :`)).stdout
}

async function checkAll(t: Test, family: Family): Promise<void> {
  const lab = await balancedLab(t, { up, every, more: 'backup = true\nfailback = "all"', v6: 'static' })
  const { box, host } = await agentsOf(lab)
  t.same(await linkOfNew(lab, family), ['eth0', 'eth0'], 'a backup link is not used while a better one is usable')

  await setUsable(lab, 'eth0', false)
  t.same(await linkOfNew(lab, family), ['rausb0', 'rausb0'])
  await openOverBackup(t, lab, family)
  const at = family === 4 ? hostOf(4) : `[${hostOf(6)}]`
  const target = `TCP${family}:${at}:${ports.echo}`
  const bound = `socat -u ${target},so-bindtodevice=rausb0 CREATE:/tmp/bound`
  await lab.box.sh(`${bound} >/dev/null 2>&1 &`)
  const greeted = (): Promise<RunResult> => lab.box.sh('[ -s /tmp/bound ]', { reject: false })
  await until('the bound connection is open', async () => (await greeted()).code === 0)
  await setUsable(lab, 'eth0', true)

  await t.test('of this machine', async (t) => {
    await until('they have ended', async () => (await box.call('waitingStates')).every(({ error }) => error))
    t.same(errorsOf(await box.call('waitingStates')), ['ECONNABORTED'])
  })
  await t.test('of a LAN host, when it next sends', async (t) => {
    t.same(errorsOf(await host.call('waitingStates')), [])
    await host.call('writeWaiting')
    await until('they have ended', async () => (await host.call('waitingStates')).every(({ error }) => error))
    t.same(errorsOf(await host.call('waitingStates')), ['ECONNRESET'])
  })
  await t.test('flows', async () => {
    for (const agent of [box, host]) {
      await until('every flow is over eth0', async () =>
        (await agent.call('flowStates')).every((state) => lastOf(state) === 'eth0'),
      )
      await agent.call('stopFlows')
    }
  })
  await t.test('but not what is bound to the link', async (t) => {
    t.not((await lab.box.sh('pgrep -x socat || :')).stdout, '', 'a connection that was there')
    const url = `http://${at}:${ports.http}/who`
    const { stdout } = await lab.box.run(['curl', '--silent', '--interface', 'rausb0', url])
    t.equal(linkSeenAs(stdout.trim()), 'rausb0', 'a new one')
  })
  await t.test('the set of what is to be reset', async (t) => {
    t.not(await movedTuples(lab, family), '')
    // What holds answers off for two seconds is gone then, and stays so.
    const held = 'nft list set inet multilink moving'
    await until('nothing is held off', async () => !(await lab.box.sh(held)).stdout.includes('elements'))
    const list = 'nft -s list table inet multilink'
    const before = await lab.box.sh(list)
    await lab.box.run([changed])
    t.equal((await lab.box.sh(list)).stdout, before.stdout, 'repeating a hook changes nothing')
    await lab.box.run(['multilink', 'apply'])
    t.not(await movedTuples(lab, family), '', 'an apply keeps it')
    for (const agent of [box, host]) await agent.call('closeWaiting')
    await setUsable(lab, 'eth0', false)
    t.equal(await movedTuples(lab, family), '', 'it is empty once the link is used again')
  })
  await t.test('and again', async (t) => {
    await openOverBackup(t, lab, family)
    await setUsable(lab, 'eth0', true)
    await host.call('writeWaiting')
    for (const agent of [box, host]) {
      await until('they have ended', async () => (await agent.call('waitingStates')).every(({ error }) => error))
    }
    t.same(errorsOf(await host.call('waitingStates')), ['ECONNRESET'])
  })
}

for (const family of [4, 6] as const) {
  t.test(`failback = "all", IPv${family}: everything moves back`, (t) => checkAll(t, family))
}

t.test('failback = "new": what runs over the backup link stays', async (t) => {
  const lab = await balancedLab(t, { up, every, more: 'backup = true' })
  await setUsable(lab, 'eth0', false)
  await openOverBackup(t, lab, 4)
  await setUsable(lab, 'eth0', true)
  t.same(await linkOfNew(lab, 4), ['eth0', 'eth0'], 'new connections move')
  for (const agent of Object.values(await agentsOf(lab))) {
    await echoWaiting(agent)
    t.same(errorsOf(await agent.call('waitingStates')), [])
    await answerFlows(agent)
    t.same(
      (await agent.call('stopFlows')).map(({ changes }) => changes.length),
      [1, 1],
    )
  }
})
