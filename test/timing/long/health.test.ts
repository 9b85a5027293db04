// Health checks that take their time: loss, probers that die, and how fast a dead provider is found out (stated, not
// judged: other programs share this machine).

import t from 'tap'
import { commandLimit } from '../../limits.js'
import { ipBatch, run } from '../../lab/namespaces.js'
import { until } from '../../lab/wait.js'
import { beyond, makeGround, type Ground } from '../../kernel/health/ground.js'

const targets = beyond.join(' ')
/**
 * One probe in so many is lost, in turn: by chance, 5% would now and then be more than 10 of a hundred. The number is
 * odd, so that these are not always of the same target.
 */
const lossy = (oneIn: 5 | 21): string => `ip daddr { ${beyond.join(', ')} } numgen inc mod ${oneIn} < 1`

const verdict = (ground: Ground, link: string, expected: RegExp): Promise<unknown> =>
  until(`${link} is ${String(expected)}`, async () => expected.test(await ground.health(4, link)), { every: 5 })

t.test('max_loss = 10: 20% loss is out, 5% stays', async (t) => {
  const ground = await makeGround(t, [
    'check_settings 0.1 0.5 3 5 1 10 -', `check eth1 ${targets}`, `check eth2 ${targets}`,
  ])
  await ground.drop(1, lossy(21))
  await ground.drop(2, lossy(5))
  await ground.tell('start')
  await verdict(ground, 'eth2', /^down loss \d+%, max_loss is 10$/)
  // 600 probes more over the other one, six windows.
  const seen = await run(['ip', '-n', ground.gateway(1), '-s', 'link', 'show', 'box'])
  const packets = async (): Promise<number> => Number(/RX:.*\n\s+\d+\s+(\d+)/.exec(
    (await run(['ip', '-n', ground.gateway(1), '-s', 'link', 'show', 'box'])).stdout)?.[1])
  const before = Number(/RX:.*\n\s+\d+\s+(\d+)/.exec(seen.stdout)?.[1])
  await until('600 probes', async () => (await packets()) > before + 600, { limit: commandLimit, every: 500 })
  t.equal(await ground.health(4, 'eth1'), 'up')
  t.match(await ground.health(4, 'eth2'), /^down/, 'and the other one stays out')
  await ground.dropNoMore(2)
  await verdict(ground, 'eth2', /^up$/)
})

t.test('a prober goes on when a part of it dies', async (t) => {
  const ground = await makeGround(t, ['check_settings 0.1 0.2 3 3 1 - -', `check eth1 ${targets}`])
  await ground.tell('start')
  await until('the first figures', async () => (await ground.probes(4, 'eth1')) !== '')
  for (const part of [/^fping .*-I eth1/, /^mawk/, /^sh .*ticker\.sh/]) {
    const victim = await ground.kill(part)
    await until('it is back', async () => (await ground.processes()).some(({ id, words }) =>
      id !== victim && part.test(words)))
    await verdict(ground, 'eth1', /^up$/)
    await until('and once', async () =>
      (await ground.processes()).filter(({ words }) => words.includes('-I eth1')).length === 1)
  }
})

t.test('an interface that is made anew is probed again', async (t) => {
  const ground = await makeGround(t, ['check_settings 0.1 0.2 3 3 1 - -', `check eth2 ${targets}`])
  await ground.tell('start')
  await verdict(ground, 'eth2', /^up$/)
  await ipBatch(['link del eth2'], ground.box)
  await verdict(ground, 'eth2', /^down no probe to 192\.0\.2\.1 192\.0\.2\.2 could be sent/)
  await ipBatch([`link add eth2 type veth peer name box netns ${ground.gateway(2)}`, 'link set eth2 up',
    'address add 198.51.102.2/24 dev eth2', 'route add default via 198.51.102.1 dev eth2 table 1002'], ground.box)
  await ipBatch(['link set box up', 'address add 198.51.102.1/24 dev box'], ground.gateway(2))
  await verdict(ground, 'eth2', /^up$/)
})

/** Milliseconds from the last probe that was answered until the record says down. */
async function timeToDown(ground: Ground): Promise<number> {
  await verdict(ground, 'eth1', /^up$/)
  const start = performance.now()
  await ground.drop(1, `ip daddr { ${beyond.join(', ')} }`)
  await verdict(ground, 'eth1', /^down/)
  const taken = performance.now() - start
  await ground.dropNoMore(1)
  return taken
}

for (const [name, settings, runs] of [
  ['default settings', 'check_settings 0.5 1 3 5 1 - -', 5],
  ['interval = 0.2', 'check_settings 0.2 0.2 3 5 1 - -', 10],
] as const) {
  t.test(`a dead provider is found out: ${name}`, async (t) => {
    const ground = await makeGround(t, [settings, `check eth1 ${targets}`])
    await ground.tell('start')
    const times: number[] = []
    for (let i = 0; i < runs; i++) times.push(Math.round(await timeToDown(ground)))
    t.comment(`ms from the provider's death to the record: ${times.sort((a, b) => a - b).join(' ')}`)
    await until('each change was announced', async () => (await ground.announced()) >= 2 * runs - 1)
    t.equal(await ground.announced(), 2 * runs - 1, 'once')
  })
}
