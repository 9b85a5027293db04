// The tree of rules for many links: what the kernel would do with a packet that carries a mark.

import t from 'tap'
import type { Config } from '../../../src/config/config.js'
import { buildPlan } from '../../../src/plan/build.js'
import type { PlannedRule } from '../../../src/plan/plan.js'
import { configOf, linkNamed } from './config.js'

/** A plan's rules for links of these numbers. */
function rulesOf(numbers: readonly number[], more: Partial<Config> = {}): readonly PlannedRule[] {
  const links = numbers.map((number) => linkNamed(`eth${number}`))
  return buildPlan(configOf(links, more), new Map(numbers.map((number) => [`eth${number}`, number]))).plan.rules
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

/**
 * What of the links' rules takes a packet with `mark`, as fib_rules_lookup() asks them: the table, "unreachable"
 * or "main"; and how many it asked. A `goto` to where no rule is counts for nothing.
 */
function walk(rules: readonly PlannedRule[], mark: number): { end: string; asked: number } {
  const sorted = rules.filter(({ priority }) => priority < 32765).sort((a, b) => a.priority - b.priority)
  let asked = 0
  for (let i = 0; i < sorted.length; i++) {
    const { selector, action } = sorted[i] as PlannedRule
    asked++
    const [, not, value = '0', mask = '0'] = /^(not )?fwmark (\w+)\/(\w+)$/.exec(selector) ?? []
    const matches = ((mark ^ Number(value)) & Number(mask)) === 0
    if (matches === (not !== undefined) || /suppress|nop/.test(action)) continue
    if (action === 'unreachable') return { end: action, asked }
    const [verb, target] = action.split(' ')
    if (verb === 'lookup') return { end: action, asked }
    const next = sorted.findIndex(({ priority }) => priority === Number(target))
    if (next > i) i = next - 1
  }
  return { end: 'main', asked }
}

const widths = [0xff000000, 0x0000ff00, 0x000000ff, 0xffff0000, 0x00fff000]

t.test('each mark of 1 to 254 links leads to its own table, asking few rules', async (t) => {
  for (const markMask of widths) {
    for (const count of [1, 8, 9, 17, 63, 64, 65, 200, 254]) {
      const rules = rulesOf(upTo(count), { markMask })
      const wrong = upTo(254).filter((number) => {
        const { end, asked } = walk(rules, (number * (markMask & -markMask)) >>> 0)
        return end !== (number <= count ? `lookup ${1000 + number}` : 'unreachable') || (number <= count && asked > 20)
      })
      t.strictSame(wrong, [], `${count} links, mask ${markMask.toString(16)}`)
      t.equal(walk(rules, markMask >>> 0).end, 'main', 'the probe')
      const unmarked = walk(rules, ~markMask >>> 0)
      t.equal(unmarked.end, 'main', 'what carries no bit of ours')
      t.ok(unmarked.asked <= 12, `asks ${unmarked.asked}`)
    }
  }
})

t.test('of a wide mask other bits are other marks', async (t) => {
  const rules = rulesOf(upTo(20), { markMask: 0xffff0000 })
  t.equal(walk(rules, 0x00050000).end, 'lookup 1005')
  t.equal(walk(rules, 0x01050000).end, 'unreachable')
})

t.test('a narrow mask has a tree as well', async (t) => {
  const rules = rulesOf(upTo(14), { markMask: 0xf0 })
  for (const number of upTo(14)) t.equal(walk(rules, number << 4).end, `lookup ${1000 + number}`)
  t.equal(walk(rules, 0xf0).end, 'main')
})

t.test('two sets of rules can stand side by side, in whatever order they come and go', async (t) => {
  const sets = [upTo(3), upTo(8), upTo(9), upTo(200), [5, 6, 70, 71, 72, 73, 200, 201, 202, 254], upTo(254).slice(60)]
  for (const before of sets) {
    for (const after of sets) {
      const kept = before.filter((number) => after.includes(number))
      const [old, fresh] = [rulesOf(before), rulesOf(after)]
      const key = ({ priority, selector, action }: PlannedRule) => `${priority} ${selector} ${action}`
      const has = (rules: readonly PlannedRule[], rule: PlannedRule) => rules.some((one) => key(one) === key(rule))
      // As routing.awk has it: nop first, unreachable last; away the other way round.
      const turn = ({ action }: PlannedRule) => (action === 'nop' ? 1 : action === 'unreachable' ? 3 : 2)
      const adds = fresh.filter((rule) => !has(old, rule)).sort((a, b) => turn(a) - turn(b))
      const dels = old.filter((rule) => !has(fresh, rule)).sort((a, b) => turn(b) - turn(a))
      const wrong: string[] = []
      const look = (rules: readonly PlannedRule[], when: string) => {
        for (const number of kept.filter((_, index) => index % 16 === 0))
          if (walk(rules, (number << 24) >>> 0).end !== `lookup ${1000 + number}`) wrong.push(`${number} ${when}`)
        for (const mark of [0, 0xff000000]) if (walk(rules, mark).end !== 'main') wrong.push(`${mark} ${when}`)
      }
      let there = [...old]
      adds.forEach((rule, index) => {
        there = [...there, rule]
        if (index % 7 === 0 || turn(rule) !== 2) look(there, `with ${key(rule)}`)
      })
      dels.forEach((rule, index) => {
        there = there.filter((one) => key(one) !== key(rule))
        if (index % 7 === 0 || turn(rule) !== 2) look(there, `without ${key(rule)}`)
      })
      t.strictSame(wrong, [], `${before.length} links, then ${after.length}`)
      t.strictSame(there.map(key).sort(), fresh.map(key).sort())
      const gotos = [...new Set([...old, ...fresh].filter(({ action }) => action.startsWith('goto')).map(key))]
      const places = gotos.map((text) => text.replace(/ goto .*/, ''))
      t.equal(new Set(places).size, places.length, 'the kernel takes two goto of one priority and mark for the same')
    }
  }
})
