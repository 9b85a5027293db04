// hooks/lib/health.awk: from the lines of fping to verdicts. No network, no clock but its own: lines in, records out.

import { execa } from 'execa'
import t from 'tap'
import { commandLimit } from '../../limits.js'
import { randomNumbers } from '../../random.js'
import { answered, first, judge, lost, rounds, second, tick } from './judge.js'

const all = (): boolean => true
const none = (): boolean => false
const silent = 'down no answer from 192.0.2.1 192.0.2.2 for 1.5 s'

t.test('a link is up until something is known against it, and nobody is told', async (t) => {
  const { announced, health4 } = await judge({}, [])
  t.strictSame(announced, [])
  t.equal(health4, 'up\nloss=0 rtt=-\n')
})

t.test('down after three bad rounds in a row, not after two', async (t) => {
  t.strictSame((await judge({}, rounds(0, 30, (round) => round % 3 === 0))).announced, [])
  const { announced, health4 } = await judge({}, [...rounds(0, 10, all), ...rounds(10, 13, none)])
  t.strictSame(announced, [`${silent}|${silent}`])
  t.match(health4, `${silent}\nloss=23 rtt=20.1\n`)
})

t.test('up after five good rounds in a row, not after four', async (t) => {
  const dead = rounds(0, 3, none)
  t.strictSame((await judge({}, [...dead, ...rounds(3, 43, (round) => round % 5 !== 2)])).announced.length, 1)
  t.strictSame((await judge({}, [...dead, ...rounds(3, 8, all)])).announced, [`${silent}|${silent}`, 'up|up'])
})

t.test('a target that is dead alone', async (t) => {
  const lines = rounds(0, 200, (_, target) => target === second)
  t.strictSame((await judge({}, lines)).announced, [], 'quorum 1 of 2: the link stays')
  const why = 'down fewer than 2 answers from 192.0.2.1 192.0.2.2 for 1.5 s'
  t.strictSame((await judge({ quorum: '2' }, lines)).announced, [`${why}|${why}`], 'quorum 2 of 2: it goes')
  t.strictSame((await judge({ quorum: '2', targets4: second }, lines)).announced, [], 'no quorum is more than all')
})

t.test('a round is bad when its time is over, whatever order lines come in', async (t) => {
  // A satellite's answers of 700 ms come after the next round has begun.
  const lines = Array.from({ length: 50 }, (_, n) => [answered(first, n, '702'), lost(second, n)]).flat()
  t.strictSame((await judge({}, lines)).announced, [])
  // An answer that comes after its probe was given up does not make it good.
  const late = Array.from({ length: 5 }, (_, n) => [lost(first, n), lost(second, n), answered(first, n, '1300')]).flat()
  const { announced, probes4 } = await judge({}, [...late, tick])
  t.equal(announced.length, 1)
  t.match(probes4, /^loss=100 rtt=-/)
})

t.test('a target whose probes cannot be sent gives no line, and is lost', async (t) => {
  t.strictSame((await judge({ quorum: '2' }, rounds(0, 30, all, [first]))).announced.length, 1)
  const { announced, probes4 } = await judge({}, [...rounds(0, 50, all, [first]), tick])
  t.strictSame(announced, [], 'quorum 1 of 2')
  t.match(probes4, /^loss=47 /)
})

t.test('silence', async (t) => {
  const why = 'down no probe to 192.0.2.1 192.0.2.2 could be sent (fping: cannot bind to eth1)'
  const said = 'fping: cannot bind to eth1'
  t.strictSame((await judge({}, [said, tick, tick, tick])).announced, [])
  const { announced, code } = await judge({}, [said, ...Array<string>(6).fill(tick)])
  t.strictSame(announced, [`${why}|${why}`], 'is no answer')
  t.equal(code, 0)
  t.equal((await judge({}, Array<string>(40).fill(tick))).code, 3, 'and in the end fping is started anew')
  t.strictSame((await judge({}, rounds(0, 40, all).flatMap((line) => [line, tick]))).announced, [], 'lines end it')
})

t.test('the date is set', async (t) => {
  const good = [...rounds(0, 10, all), tick]
  const bad = rounds(10, 13, none)
  const after = (seconds: number) => judge({}, good, { later: { seconds, lines: [...bad, tick] } })
  for (const [how, seconds] of [['forward', -4], ['back', 7]] as const) {
    const { announced, code, health4 } = await after(seconds)
    t.strictSame(announced, [], `${how}: what was lost meanwhile says nothing`)
    t.match(health4, /^up\n/)
    t.equal(code, 3, 'the probes are started anew')
  }
  t.equal((await after(100)).code, 3, 'and after a long sleep')
  const { announced, code } = await after(1)
  t.strictSame(announced, [`${silent}|${silent}`], 'otherwise it does')
  t.equal(code, 0)
})

t.test('a verdict that nobody acted on yet', async (t) => {
  const dead = [...rounds(0, 3, none), tick]
  const ten = Array<string>(10).fill(tick)
  // The probes begin anew when nothing was heard of them for 12 seconds.
  const quick = { uptime: '/proc/uptime', interval: '0.1', timeout: '0.1' }
  const waited = await judge(quick, [...dead, ...ten], { refusedAfter: 13 })
  t.equal(waited.code, 0, 'that the lock was waited for is no leap of the clock')
  t.equal(waited.announced.length, 2, 'and it is tried again')
  t.equal(waited.wake, '')
  const { code, wake } = await judge({}, dead, { refusedAfter: 0, later: { seconds: 9, lines: [tick] } })
  t.equal(code, 3)
  t.equal(wake, 'retry\n', 'where the probes begin anew meanwhile, the monitor tries')
})

t.test('the probes end with the judge, whoever reads what they say', async (t) => {
  const ticker = execa('sleep', [String(commandLimit / 1000)], { reject: false })
  const { code } = await judge({}, [`ticker ${ticker.pid}`, ...Array<string>(40).fill(tick)])
  t.equal(code, 3)
  t.equal((await ticker).signal, 'SIGTERM')
})

t.test('what is no answer to a probe', async (t) => {
  const noise = [
    'ICMP Host Unreachable from 198.51.100.1 for ICMP Echo sent to 192.0.2.1',
    '192.0.2.1 : duplicate for [3], 64 bytes, 20.0 ms',
    '192.0.2.9 : [3], 64 bytes, 20.0 ms (20.0 avg, 0% loss)',
  ]
  const { announced } = await judge({}, rounds(0, 3, none).flatMap((line) => [line, ...noise]))
  t.strictSame(announced, [`${silent}|${silent}`])
})

t.test('families', async (t) => {
  const six = '2001:db8::1'
  const both = { targets4: first, targets6: six }
  const { announced } = await judge(both, [...rounds(0, 3, all, [first]), ...rounds(0, 3, none, [six])])
  t.strictSame(announced, [`up|down no answer from ${six} for 1.5 s`], 'each has its own verdict')
  const other = await judge({ targets4: '', targets6: six }, rounds(0, 3, none, [six]))
  t.match(other.announced[0], /^down (.*)\|down \1$/, 'one without targets follows the other')
  const left = await judge({ targets4: '-', targets6: six }, rounds(0, 3, none, [six]), { before: 'down for a reason' })
  t.match(left.health4, /^down for a reason\n/, 'the record of one that has nothing to probe now stays')
})

t.test('a prober that is started anew goes on from the last verdict', async (t) => {
  t.strictSame((await judge({}, rounds(0, 4, all), { before: silent })).announced, [])
  t.match((await judge({}, rounds(0, 4, all), { before: silent })).health4, silent)
  t.strictSame((await judge({}, rounds(0, 5, all), { before: silent })).announced, ['up|up'])
  t.strictSame((await judge({}, rounds(0, 2, none), { before: 'up' })).announced, [])
})

t.test('a verdict that cannot be recorded is recorded, and announced, with the next beat', async (t) => {
  const mv = '[ -e tried ] && exec /usr/bin/mv "$@"; : >tried; exit 1'
  const dead = rounds(0, 10, none)
  t.strictSame((await judge({}, dead, { before: 'up', mv })).announced, [], 'not with each line')
  const { announced, health4 } = await judge({}, [...dead, tick], { before: 'up', mv })
  t.strictSame(announced, [`${silent}|${silent}`])
  t.match(health4, silent)
})

t.test('a verdict is recorded although the monitor begins anew meanwhile', async (t) => {
  // What start_probers deletes: all but the names of links that are checked.
  const mv = `for record in .health[46]/* .probes[46]/*; do
      [ "\${record##*/}" = eth1 ] || rm -f "$record"
    done
    exec /usr/bin/mv "$@"`
  t.strictSame((await judge({}, rounds(0, 3, none), { before: 'up', mv })).announced, [`${silent}|${silent}`])
})

t.test('check_command has the same hysteresis', async (t) => {
  const command = { targets4: '', targets6: '' }
  const why = 'down check_command failed 3 times, last with exit status 7'
  const runs = (...status: number[]): string[] => status.map((each) => `command ${each}`)
  t.strictSame((await judge(command, runs(7, 7, 0, 7, 7))).announced, [])
  t.strictSame((await judge(command, runs(1, 1, 7, 0, 0, 0, 0))).announced, [`${why}|${why}`])
  t.strictSame((await judge(command, runs(1, 1, 7, 0, 0, 0, 0, 0))).announced, [`${why}|${why}`, 'up|up'])
  t.strictSame((await judge({}, [...rounds(0, 3, all), ...runs(1, 1, 7)])).announced, [`${why}|${why}`], 'with targets')
})

/** What is announced while each probe is lost with this probability; a line a probe. */
async function lossy(percent: number, probes: number, seed: number): Promise<readonly string[]> {
  const random = randomNumbers(seed)
  const lines = rounds(0, probes / 2, () => random(10_000) >= percent * 100)
  return (await judge({ max_loss: '10' }, lines)).announced
}

t.test('max_loss = 10, 40000 probes (nearly three hours) of two targets', async (t) => {
  for (const seed of [157, 1571, 15_713]) {
    t.strictSame(await lossy(5, 40_000, seed), [], 'a link that loses 5% is never out')
    // Now and then it goes silent for a round or three: another reason, but no news.
    const announced = await lossy(20, 40_000, seed)
    t.match(announced[0], /^down loss \d+%, max_loss is 10\|/, 'one that loses 20% is out')
    t.ok(announced.length <= 3, `and stays so: ${announced.length} changes`)
  }
})

t.test('a link that was lossy is back once a whole window is good', async (t) => {
  const third = (round: number, target: string): boolean => round % 3 !== 0 || target === first
  const lines = [...rounds(0, 100, (round, target) => round % 2 === 0 || target === first), ...rounds(100, 200, all)]
  const { announced } = await judge({ max_loss: '10' }, lines)
  t.match(announced[0], /^down loss \d+%, max_loss is 10\|/)
  t.strictSame(announced.slice(1), ['up|up'])
  t.equal((await judge({ max_loss: '20' }, rounds(0, 500, third))).announced.length, 0, '17% with max_loss = 20')
})

t.test('after an outage the loss of the outage no longer counts', async (t) => {
  const lines = [...rounds(0, 60, all), ...rounds(60, 120, none), ...rounds(120, 126, all)]
  t.strictSame((await judge({ max_loss: '10' }, lines)).announced, [`${silent}|${silent}`, 'up|up'])
})

t.test('max_rtt', async (t) => {
  const answers = (from: number, to: number, ms: number): string[] =>
    Array.from({ length: to - from }, (_, index) => answered(first, from + index, ms))
  const settings = { targets4: first, max_rtt: '300' }
  const why = 'down rtt 480 ms, max_rtt is 300'
  t.strictSame((await judge(settings, answers(0, 29, 480))).announced, [], 'not judged from a few probes')
  t.strictSame((await judge(settings, answers(0, 30, 480))).announced, [`${why}|${why}`])
  t.strictSame((await judge(settings, [...answers(0, 30, 480), ...answers(30, 230, 280)])).announced, [`${why}|${why}`])
  t.strictSame((await judge(settings, [...answers(0, 30, 480), ...answers(30, 230, 260)])).announced.at(-1), 'up|up')
})
