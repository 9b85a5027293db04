// hooks/lib/health.sh and prober.sh with real fping: what is started, what it finds out, and that nothing is left.

import t from 'tap'
import { readFile, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ipBatch } from '../../lab/namespaces.js'
import { until } from '../../lab/wait.js'
import { commandLimit } from '../../limits.js'
import { beyond, beyond6, makeGround, type Ground } from './ground.js'

// An answer may take 10 seconds: only what is dropped is lost, however seldom fping gets to run.
const patient = 'check_settings 0.2 10 3 3 1 - -'
const targets = [...beyond, beyond6].join(' ')

/** The words of the fpings that probe, sorted. */
async function probing(ground: Ground): Promise<string[]> {
  return (await ground.processes()).filter(({ words }) => words.startsWith('fping') && words.includes('-I'))
    .map(({ words }) => words.replace(/^fping -(\d).* -I /, '$1 ')).sort()
}

const verdict = (ground: Ground, family: 4 | 6, link: string, expected: RegExp): Promise<unknown> =>
  until(`${link} is ${String(expected)} in IPv${family}`, async () => expected.test(await ground.health(family, link)))

t.test('a provider that is dead behind a live gateway, and comes back, in one family', async (t) => {
  const ground = await makeGround(t, [patient, `check eth1 ${targets}`, `check eth2 ${targets}`])
  await ground.tell('start')
  for (const link of ['eth1', 'eth2']) for (const family of [4, 6] as const) await verdict(ground, family, link, /^up$/)
  const of2 = ({ words }: { words: string }): boolean => words.startsWith('fping') && words.includes('-I eth2')
  const groups = await until('both families are probed', async () => {
    const probes = (await ground.processes()).filter(of2)
    return probes.length === 2 && probes.map(({ group }) => group)
  })
  t.strictSame(groups, [65_002, 65_002], 'probes are known by the group of their link')
  await until('figures', async () => /^loss=0 rtt=\d/.test(await ground.probes(4, 'eth2')))
  await ground.drop(2, `ip daddr { ${beyond.join(', ')} }`)
  await verdict(ground, 4, 'eth2', /^down no answer from 192\.0\.2\.1 192\.0\.2\.2 for 0\.6 s$/)
  await until('it was announced', async () => (await ground.announced()) === 1)
  t.equal(await ground.health(6, 'eth2'), 'up', 'IPv6 is not touched')
  t.equal(await ground.health(4, 'eth1'), 'up', 'nor is the other link')
  await ground.dropNoMore(2)
  await verdict(ground, 4, 'eth2', /^up$/)
  await until('that too', async () => (await ground.announced()) === 2)
})

t.test('a target that is dead alone does not take its link out', async (t) => {
  const ground = await makeGround(t, [patient, `check eth1 ${targets}`])
  await ground.drop(1, `ip daddr ${beyond[0]}`)
  await ground.tell('start')
  await until('half of the probes are lost', async () => /^loss=[45]\d /.test(await ground.probes(4, 'eth1')))
  t.equal(await ground.health(4, 'eth1'), 'up')
  t.equal(await ground.announced(), 0)
})

t.test('"gateway" is the gateway of the link\'s table, and another one when that changes', async (t) => {
  const ground = await makeGround(t, [patient, 'check eth1 gateway', 'check eth2 gateway'])
  await ground.tell('start')
  const before = ['4 eth1 198.51.101.1', '4 eth2 198.51.102.1', '6 eth1 fe80::1%eth1', '6 eth2 fe80::1%eth2']
  await until('gateways are probed', async () => (await probing(ground)).join() === before.join())
  const untouched = (await ground.processes()).filter(({ words }) => words.includes('-I eth1')).map(({ id }) => id)
  await ipBatch(['route replace default via 198.51.102.3 dev eth2 table 1002'], ground.box)
  await ground.tell('refresh')
  const after = ['4 eth1 198.51.101.1', '4 eth2 198.51.102.3', '6 eth1 fe80::1%eth1', '6 eth2 fe80::1%eth2']
  await until('the new one is', async () => (await probing(ground)).join() === after.join())
  const still = (await ground.processes()).filter(({ words }) => words.includes('-I eth1')).map(({ id }) => id)
  t.strictSame(still, untouched, 'the other link\'s probers go on')
  await ground.drop(2, 'ip daddr 198.51.102.3')
  await verdict(ground, 4, 'eth2', /^down no answer from 198\.51\.102\.3 /)
  await ipBatch(['route del default dev eth2 table 1002', 'route del ::/0 dev eth2 table 1002'], ground.box)
  await ground.tell('refresh')
  await until('without a gateway nothing is probed', async () => (await probing(ground)).length === 2)
  t.match(await ground.health(4, 'eth2'), /^down /, 'and what was said last still holds')
})

t.test('nothing is left', async (t) => {
  const sleep = `sleep ${commandLimit / 1000}`
  const settings = [patient, `check eth1 ${targets}`, `check_command eth2 ${sleep}`]
  const ground = await makeGround(t, settings)
  await mkdir(join(ground.state, '.health4'))
  await writeFile(join(ground.state, '.health4/eth9'), 'up\n')
  await ground.tell('start')
  t.equal(await ground.health(4, 'eth9'), '', 'of a link that is no longer checked')
  await until('the command runs', async () => (await ground.processes()).some(({ words }) => words === sleep))
  await ground.tell('stop')
  await until('when they are stopped', async () => (await ground.processes()).length === 1)
  await ground.tell('start')
  await until('it runs again', async () => (await ground.processes()).some(({ words }) => words === sleep))
  await ground.killMonitor()
  await until('when the monitor is killed', async () => (await ground.processes()).length === 0)
})

t.test('check_command', async (t) => {
  const command = 'env >"$MULTILINK_OUT"; id -g >>"$MULTILINK_OUT"; [ ! -e "$MULTILINK_OUT.bad" ]'
  const ground = await makeGround(t, [
    'check_settings 0.1 0.1 2 1 1 - -',
    'MULTILINK_OUT=$STATE/out; export MULTILINK_OUT',
    `check_command eth2 '${command}'`,
  ])
  await ground.tell('start')
  const out = await until('it has run', async () => {
    const text = await readFile(join(ground.state, 'out'), 'utf8').catch(() => '')
    return text.endsWith('65002\n') && text.split('\n')
  }) || []
  for (const [name, value] of [['LINK', 'eth2'], ['ADDRESS', '198.51.102.2'], ['MARK', '0x02000000'],
    ['GATEWAY', '198.51.102.1']] as const) {
    t.ok(out.includes(`MULTILINK_${name}=${value}`), `it knows ${name}`)
  }
  await writeFile(join(ground.state, 'out.bad'), '')
  await verdict(ground, 4, 'eth2', /^down check_command failed 2 times, last with exit status 1$/)
  await verdict(ground, 6, 'eth2', /^down /) // a family without targets follows
})
