// The slots are exact in every window of W, and as even as weights allow.

import t from 'tap'
import { reduceWeights, spreadSlots } from '../../../src/plan/slots.js'
import { randomNumbers } from '../../random.js'

const spread = (...weights: number[]) => spreadSlots(weights).map((index) => 'abcdefgh'[index]).join('')

t.test('weights are divided by their greatest common divisor', async (t) => {
  t.strictSame(reduceWeights([100, 50]), [2, 1])
  t.strictSame(reduceWeights([3, 1, 2]), [3, 1, 2])
  t.strictSame(reduceWeights([255]), [1])
  t.strictSame(reduceWeights([4, 0, 6]), [2, 0, 3])
  t.strictSame(reduceWeights([]), [])
})

t.test('when every weight is 0 the first link takes all', async (t) => {
  t.strictSame(reduceWeights([0, 0, 0]), [1, 0, 0])
  t.equal(spread(0, 0), 'a')
})

t.test('slots are interleaved, the earlier link first', async (t) => {
  t.equal(spread(1), 'a')
  t.equal(spread(1, 1, 1), 'abc')
  t.equal(spread(3, 1), 'aaba')
  t.equal(spread(1, 3), 'babb')
  t.equal(spread(3, 1, 2), 'acabca')
  t.equal(spread(4, 2), 'aba')
  t.equal(spread(1, 0, 1), 'ac')
  t.equal(spread(5, 1, 1), 'aabacaa')
})

t.test('of any W choices in a row each link gets exactly its slots', async (t) => {
  for (const weights of vectors(300)) {
    const reduced = reduceWeights(weights)
    const slots = spreadSlots(weights)
    const twice = [...slots, ...slots]
    for (let start = 0; start < slots.length; start++) {
      const window = twice.slice(start, start + slots.length)
      const counts = reduced.map((_, link) => window.filter((slot) => slot === link).length)
      const exact = counts.join() === reduced.join()
      if (!exact) t.fail(`weights ${weights.join(':')} from slot ${start}`, { counts, reduced })
    }
  }
  t.pass('300 vectors of weights')
})

t.test('after any number of choices no link of two or three is a whole choice away from its due', async (t) => {
  for (const weights of vectors(300).map((vector) => vector.slice(0, 3))) {
    for (const { link, start, length, away } of deviations(weights)) {
      if (away >= 1) t.fail(`weights ${weights.join(':')}: link ${link}, ${length} slots from ${start}`, { away })
    }
  }
  t.pass('300 vectors of weights')
})

t.test('of two links the lighter one\'s slots are as far apart as they can be', async (t) => {
  for (let heavy = 1; heavy <= 40; heavy++) {
    for (let light = 1; light <= heavy; light++) {
      const slots = spreadSlots([heavy, light])
      const gaps = gapsOf(slots, 1)
      if (Math.max(...gaps) - Math.min(...gaps) > 1) t.fail(`weights ${heavy}:${light}`, { gaps })
    }
  }
  t.pass('820 pairs of weights')
})

/** Vectors of one to eight weights, at least one of them above 0. */
function vectors(count: number): number[][] {
  const random = randomNumbers(2006)
  return Array.from({ length: count }, () => {
    const weights = Array.from({ length: 1 + random(8) }, () => random(random(2) === 0 ? 4 : 16))
    return weights.some(Boolean) ? weights : [1, ...weights]
  })
}

/** For each link and each prefix of the sequence: by how many choices the link is away from its share. */
function* deviations(weights: readonly number[]) {
  const reduced = reduceWeights(weights)
  const slots = spreadSlots(weights)
  for (const [link, weight] of reduced.entries()) {
    let given = 0
    for (const [index, slot] of slots.entries()) {
      if (slot === link) given++
      yield { link, start: 0, length: index + 1, away: Math.abs(given - (weight * (index + 1)) / slots.length) }
    }
  }
}

/** Distances between one link's slots, around the end. */
function gapsOf(slots: readonly number[], link: number): number[] {
  const places = slots.flatMap((slot, index) => (slot === link ? [index] : []))
  return places.map((place, index) => (places[index + 1] ?? slots.length + (places[0] ?? 0)) - place)
}
