// hooks/lib/slots.awk: slots for the links that are usable now. nth and random must agree with src/plan/slots.ts, hash
// must leave every slot alone whose link is still there.

import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { reduceWeights, spreadSlots } from '../../../src/plan/slots.js'
import { randomNumbers } from '../../random.js'

const script = fileURLToPath(new URL('../../../hooks/lib/slots.awk', import.meta.url))
const main = fileURLToPath(new URL('slots-main.awk', import.meta.url))
const names = 'abcdef'

interface Question {
  readonly method: 'nth' | 'random' | 'hash'
  readonly weights: readonly number[]
  readonly usable: readonly boolean[]
}

interface Answer {
  /** slot -> the link's index */
  readonly slots: readonly number[]
  readonly rules: readonly string[]
}

/** One awk for all of them. */
async function ask(questions: readonly Question[]): Promise<Answer[]> {
  const lines = questions.map(({ method, weights, usable }) =>
    [method, ...weights.map((weight, link) => `${names[link]} ${weight} ${usable[link] ? 1 : 0}`)].join(';'))
  const { stdout } = await execa('awk', ['-v', 'seed=0x2a', '-v', 'elements=/dev/stdout', '-f', script, '-f', main],
    { input: `${lines.join('\n')}\n` })
  return stdout.split(/^==$\n?/m).slice(0, -1).map(readAnswer)
}

function readAnswer(text: string): Answer {
  const [elements = '', ...rules] = text.trim().split('\n')
  const slots = [...elements.matchAll(/(\d+) : goto use_(\w)/g)].map(([, slot, name], index) => {
    if (Number(slot) !== index) throw new Error(`slot ${slot} in the place of ${index}`)
    return names.indexOf(name ?? '')
  })
  return { slots, rules }
}

function subsets(count: number): boolean[][] {
  const links = Array.from({ length: count }, (_, link) => link)
  return Array.from({ length: 2 ** count }, (_, bits) => links.map((link) => ((bits >> link) & 1) === 1))
}

/** Weights of up to `most` links; every fourth vector has small ones, which often are 0. */
function vectors(count: number, most: number): number[][] {
  const random = randomNumbers(157)
  return Array.from({ length: count }, (_, index) =>
    Array.from({ length: 1 + random(most) }, () => random(index % 4 === 0 ? 3 : 20)))
}

/** What src/plan/slots.ts says for the links that are usable. */
function expectedSlots(weights: readonly number[], usable: readonly boolean[]): number[] {
  const left = weights.flatMap((weight, link) => (usable[link] ? [{ weight, link }] : []))
  if (left.length === 0) return []
  return spreadSlots(left.map(({ weight }) => weight)).map((index) => left[index]?.link ?? -1)
}

const countOf = (slots: readonly number[], link: number) => slots.filter((slot) => slot === link).length
const show = ({ weights, usable }: Question) => `${weights.join(':')} usable ${usable.map(Number).join('')}`

t.test('nth and random give the slots of the plan, for the links that are left', async (t) => {
  const questions = vectors(40, 5).flatMap((weights, index) =>
    subsets(weights.length).map((usable): Question => ({ method: index % 2 ? 'nth' : 'random', weights, usable })))
  for (const [index, { slots, rules }] of (await ask(questions)).entries()) {
    const question = questions[index] as Question
    const expected = expectedSlots(question.weights, question.usable)
    const kind = question.method === 'nth' ? 'inc' : 'random'
    const rule = `add rule inet multilink choose numgen ${kind} mod ${expected.length} vmap @slots`
    if (slots.join() !== expected.join()) t.fail(show(question), { slots, expected })
    if (rules.join() !== (expected.length > 0 ? rule : '')) t.fail(show(question), { rules })
  }
  t.pass(`${questions.length} sets of links`)
})

t.test('3:1 is a a b a, and with a out it is b', async (t) => {
  const weights = [3, 1]
  const [both, one] = await ask([
    { method: 'nth', weights, usable: [true, true] },
    { method: 'nth', weights, usable: [false, true] },
  ])
  t.strictSame(both?.slots, [0, 0, 1, 0])
  t.strictSame(one, { slots: [1], rules: ['add rule inet multilink choose numgen inc mod 1 vmap @slots'] })
})

t.test('weight 0 is for when nothing else is left, the first of them takes all', async (t) => {
  const weights = [2, 0, 1, 0]
  for (const method of ['nth', 'random', 'hash'] as const) {
    const [all, spare, last] = await ask([
      { method, weights, usable: [true, true, true, true] },
      { method, weights, usable: [false, true, false, true] },
      { method, weights, usable: [false, false, false, true] },
    ])
    t.strictSame([...new Set(all?.slots)].sort(), [0, 2], method)
    t.strictSame([...new Set(spare?.slots)], [1], method)
    t.strictSame([...new Set(last?.slots)], [3], method)
  }
})

t.test('nothing is printed when no link is usable, or none is there', async (t) => {
  for (const method of ['nth', 'random', 'hash'] as const) {
    t.strictSame(await ask([{ method, weights: [1, 2], usable: [false, false] }, { method, weights: [], usable: [] }]),
      [{ slots: [], rules: [] }, { slots: [], rules: [] }])
  }
})

t.test('hash looks at the destination, and for forwarded connections at the source too', async (t) => {
  const [answer] = await ask([{ method: 'hash', weights: [1, 1], usable: [true, true] }])
  t.strictSame(answer?.rules, [
    'add rule inet multilink choose fib saddr type local jhash ip daddr mod 512 seed 0x2a vmap @slots',
    'add rule inet multilink choose jhash ip saddr . ip daddr mod 512 seed 0x2a vmap @slots',
  ])
})

t.test('hash: at least 512 slots, all links in exact proportion while all are usable', async (t) => {
  const questions = vectors(40, 6).filter((weights) => weights.some(Boolean)).map((weights): Question =>
    ({ method: 'hash', weights, usable: weights.map(() => true) }))
  for (const [index, { slots }] of (await ask(questions)).entries()) {
    const question = questions[index] as Question
    const reduced = reduceWeights(question.weights)
    const times = slots.length / reduced.reduce((sum, weight) => sum + weight, 0)
    const exact = reduced.every((weight, link) => countOf(slots, link) === weight * times)
    if (!exact || slots.length < 512) t.fail(show(question), { slots: slots.length })
  }
  t.pass(`${questions.length} vectors of weights`)
})

t.test('hash: when one more link goes, only its own slots move, whatever went before', async (t) => {
  for (const weights of [[1, 1, 1], [3, 1, 2], [1, 1, 1, 1], [5, 3, 0, 2], [7, 1, 2, 2, 1]]) {
    const sets = subsets(weights.length).filter((usable) => usable.some(Boolean))
    const answers = await ask(sets.map((usable) => ({ method: 'hash', weights, usable })))
    const slotsOf = new Map(sets.map((usable, index) => [usable.join(), answers[index]?.slots ?? []]))
    for (const before of sets) {
      for (const lost of weights.keys()) {
        const after = before.map((is, link) => is && link !== lost)
        if (!before[lost] || !after.some((is, link) => is && weights[link])) continue
        const [was, is] = [slotsOf.get(before.join()) ?? [], slotsOf.get(after.join()) ?? []]
        const moved = was.filter((owner, slot) => owner !== lost && is[slot] !== owner).length
        if (moved > 0) t.fail(`${weights.join(':')}: ${before.map(Number).join('')} loses ${names[lost]}`, { moved })
        if (is.includes(lost) || is.length !== was.length) t.fail(`${weights.join(':')} still uses ${names[lost]}`)
      }
    }
  }
  t.pass('five vectors of weights, every order of losing links')
})

t.test('hash: a lost link\'s slots go to the others in proportion, as near as slots allow', async (t) => {
  const questions = vectors(30, 5).flatMap((weights) =>
    subsets(weights.length)
      .filter((usable) => usable.some((is, link) => is && weights[link]))
      .map((usable): Question => ({ method: 'hash', weights, usable })))
  for (const [index, { slots }] of (await ask(questions)).entries()) {
    const question = questions[index] as Question
    const live = question.weights.map((weight, link) => (question.usable[link] ? weight : 0))
    const total = live.reduce((sum, weight) => sum + weight, 0)
    const out = question.weights.filter((weight, link) => weight > 0 && !question.usable[link]).length
    const away = live.map((weight, link) => Math.abs(countOf(slots, link) - (slots.length * weight) / total))
    // Each set of links that are out is dealt by itself, at most one slot from its due.
    if (Math.max(...away) > 2 ** out - 1 + 1e-9) t.fail(show(question), { away, slots: slots.length })
  }
  t.pass(`${questions.length} sets of links`)
})
