// Link numbers are remembered by name: one link's coming or going never renumbers another.

import t from 'tap'
import { numberLinks } from '../../../src/plan/numbers.js'

const narrow = 2
const number = (names: string[], remembered: Record<string, number> = {}, within = 254) =>
  Object.fromEntries(numberLinks(names, new Map(Object.entries(remembered)), within))

t.test('new links get the lowest numbers in order of appearance', async (t) => {
  t.strictSame(number(['eth0', 'eth1', 'ppp0']), { eth0: 1, eth1: 2, ppp0: 3 })
})

t.test('a link keeps its number whatever the order of appearance', async (t) => {
  t.strictSame(number(['c', 'b', 'a'], { a: 1, b: 2, c: 3 }), { a: 1, b: 2, c: 3 })
})

t.test('the number of a link that left the config stays its own', async (t) => {
  t.strictSame(number(['a', 'd'], { a: 1, b: 2, c: 3 }), { a: 1, b: 2, c: 3, d: 4 })
  t.strictSame(number(['a', 'b'], { a: 1, b: 2, c: 3 }), { a: 1, b: 2, c: 3 }, 'so that it comes back with it')
})

t.test('gaps are filled first', async (t) => {
  t.strictSame(number(['a', 'c', 'd'], { a: 2, b: 4 }), { a: 2, b: 4, c: 1, d: 3 })
})

t.test('when all numbers are taken, one of a link that left is given away, never one in use', async (t) => {
  t.strictSame(number(['b', 'c'], { a: 1, b: 2 }, narrow), { b: 2, c: 1 })
  t.strictSame(number(['c', 'a'], { a: 1, b: 2 }, narrow), { a: 1, c: 2 })
  const all = Object.fromEntries(Array.from({ length: 254 }, (_, index) => [`old${index + 1}`, index + 1]))
  const numbers = number(['new', 'old1'], all)
  t.equal(numbers['new'], 2)
  t.equal(numbers['old1'], 1)
  t.notOk('old2' in numbers)
})

t.test('numbers that there is no room for any more are forgotten', async (t) => {
  t.strictSame(number(['a', 'b'], { a: 200, b: 1 }, narrow), { a: 2, b: 1 })
  t.strictSame(number(['a'], { a: 3 }, narrow), { a: 1 })
  t.strictSame(number(['a'], { a: 0 }), { a: 1 })
})

t.test('no two links ever share a number', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  let remembered: Record<string, number> = {}
  for (let round = 0; round < 200; round++) {
    const wanted = names.filter((_, index) => ((round * 37) >> index) & 1)
    const before = remembered
    remembered = number(wanted, before, 14)
    t.equal(new Set(Object.values(remembered)).size, Object.keys(remembered).length)
    for (const name of wanted) if (name in before) t.equal(remembered[name], before[name])
  }
})
