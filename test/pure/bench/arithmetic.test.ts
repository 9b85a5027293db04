// The benchmark's arithmetic, on numbers made up here.

import t from 'tap'
import { exactnessOf } from '../../../bench/exactness.js'
import { shuffled } from '../../../bench/order.js'
import { renderResults } from '../../../bench/results.js'
import { timesOf } from '../../../bench/scale.js'
import { spread } from '../../../bench/statistics.js'
import { randomNumbers } from '../../random.js'

t.test('turns that fit the weights have no error in any window', async (t) => {
  const sequence = Array.from({ length: 10 }, () => [0, 2, 0, 1, 0, 2]).flat()
  t.same(exactnessOf(sequence, [3, 1, 2]), { worstShare: 0, worstWindow: 0 })
})

t.test('right shares in a wrong order are a wrong window', async (t) => {
  const { worstShare, worstWindow } = exactnessOf([0, 1, 0, 1, 1, 0, 1, 0], [1, 1])
  t.same([worstShare, worstWindow], [0, 1])
})

t.test('one link for all is wrong by what the others should have', async (t) => {
  const { worstShare, worstWindow } = exactnessOf([0, 0, 0, 0, 0, 0], [1, 1, 1])
  t.equal(worstShare.toFixed(3), '0.667')
  t.equal(worstWindow, 2)
})

t.test('the median of an even number is between the two in the middle', async (t) => {
  t.same(spread([4, 1, 2, 100]), { median: 3, min: 1, max: 100 })
  t.same(spread([3, 1, 2]), { median: 2, min: 1, max: 3 })
})

t.test('an order by a seed is the same again, and has everything once', async (t) => {
  const values = ['a', 'b', 'c', 'd', 'e']
  const order = (seed: number) => shuffled(values, randomNumbers(seed))
  t.same(order(1), order(1))
  t.same([...order(1)].sort(), values)
  t.notSame(order(1), order(2))
})

t.test('a cost is told a unit, a second and as a ratio', async (t) => {
  const one = { median: 250_000, min: 240_000, max: 260_000 }
  const ratio = { median: 1.25, min: 1.2, max: 1.3 }
  const table = renderResults({ costs: [{ load: 'own', contender: 'nth', instructions: one, ratio }] })
  t.match(table, /^ {2}nth +250000 +4000 +1\.250 {2}\(1\.200 to 1\.300\)$/m)
})

t.test('a link that stays lost is told as such, with how long it was watched', async (t) => {
  t.match(renderResults({ failover: [{ contender: 'shorewall' }] }), /^ {2}shorewall +not within 20 s$/m)
})

t.test('medians are read from what test/kernel/hooks/measure prints', async (t) => {
  t.same(timesOf('if-down: 45 ms (40 to 61)\nchanged after a loss: 121 ms (99 to 197)\n'), [
    { what: 'if-down', milliseconds: 45 },
    { what: 'changed after a loss', milliseconds: 121 },
  ])
})
