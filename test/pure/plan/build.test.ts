// Config -> Plan: marks, tables, priorities and rules follow from numbers and from the order of preference.

import t from 'tap'
import { buildPlan } from '../../../src/plan/build.js'
import { configOf, linkNamed } from './config.js'

const three = [linkNamed('eth0'), linkNamed('eth1', { weight: 3 }), linkNamed('ppp0', { weight: 2 })]

t.test('mark, table, rule and next hop follow from the number, the fallback from the order', async (t) => {
  const { plan, numbers } = buildPlan(configOf(three), new Map([['eth1', 7]]))
  t.strictSame(Object.fromEntries(numbers), { eth1: 7, eth0: 1, ppp0: 2 })
  const seen = plan.links.map(({ name, mark, table, probeNexthop, rulePriority, fallbackPriority }) =>
    [name, mark, table, probeNexthop, rulePriority, fallbackPriority])
  t.strictSame(seen, [
    ['eth0', 0x01000000, 1001, '240.0.0.1', 1102, 32800],
    ['eth1', 0x07000000, 1007, '240.0.0.7', 1108, 32801],
    ['ppp0', 0x02000000, 1002, '240.0.0.2', 1103, 32802],
  ])
})

t.test('shares are the weights\' parts of their sum', async (t) => {
  const { plan } = buildPlan(configOf(three), new Map())
  t.strictSame(plan.links.map((link) => link.share), [1 / 6, 3 / 6, 2 / 6])
  t.strictSame(plan.slots, ['eth1', 'ppp0', 'eth0', 'eth1', 'ppp0', 'eth1'])
  const idle = buildPlan(configOf(three.map((link) => ({ ...link, weight: 0 }))), new Map()).plan
  t.strictSame(idle.links.map((link) => link.share), [1, 0, 0])
})

t.test('the rules are in the order in which the kernel asks them, each with its reason', async (t) => {
  const { plan } = buildPlan(configOf(three.slice(0, 2)), new Map())
  t.strictSame(plan.rules.map((rule) => [rule.priority, rule.selector, rule.action]), [
    [1100, 'not fwmark 0/0xff000000', 'lookup 254 suppress_prefixlength 0'],
    [1101, 'fwmark 0/0xff000000', 'goto 1357'],
    [1101, 'fwmark 0xff000000/0xff000000', 'goto 1357'],
    [1102, 'fwmark 0x1000000/0xff000000', 'lookup 1001'],
    [1103, 'fwmark 0x2000000/0xff000000', 'lookup 1002'],
    [1356, 'not fwmark 0/0xff000000', 'unreachable'],
    [1357, '', 'nop'],
    [32765, 'fwmark 0xff000000/0xff000000', 'lookup 1000'],
    [32800, '', 'lookup 1001'],
    [32801, '', 'lookup 1002'],
  ])
  t.ok(plan.rules.every((rule) => rule.why.length > 10))
})

t.test('no rule of one config stands in the way of another\'s, when links come, go or change places', async (t) => {
  const configs = [three, three.slice(1), three.slice(0, 1), [...three].reverse()]
  const numbers = new Map([['eth0', 1], ['eth1', 2], ['ppp0', 3]])
  const plans = configs.map((links) => buildPlan(configOf(links), numbers).plan)
  for (const { mark, table } of plans[0]?.links ?? []) {
    // Both plans' rules at once, as while an apply runs: the first that matches a link's mark is its table.
    const both = plans.flatMap((plan) => plan.rules).sort((a, b) => a.priority - b.priority)
    const first = both.find((rule) => rule.selector === `fwmark 0x${mark.toString(16)}/0xff000000`)
    t.equal(first?.action, `lookup ${table}`)
  }
  const gotos = plans.flatMap((plan) => plan.rules).filter((rule) => rule.action.startsWith('goto'))
  t.equal(new Set(gotos.map((rule) => `${rule.priority} ${rule.action}`)).size, 1, 'the kernel tells no two apart')
})

t.test('without fallback only what is bound to a link\'s device comes to its table unmarked', async (t) => {
  const { plan } = buildPlan(configOf(three, { fallback: false }), new Map())
  const unmarked = plan.rules.filter((rule) => rule.action !== 'nop' && !rule.selector.includes('fwmark'))
  t.strictSame(
    unmarked.map(({ selector, action }) => `${selector} ${action}`),
    plan.links.map(({ name, table }) => `oif ${name} lookup ${table}`),
  )
})

t.test('mask, table_base and rule_priority move everything that follows from them', async (t) => {
  const config = configOf(three, { markMask: 0xff00, tableBase: 300, rulePriority: 50 })
  const { plan } = buildPlan(config, new Map())
  t.strictSame(plan.links.map((link) => [link.mark, link.table]), [[0x100, 301], [0x200, 302], [0x300, 303]])
  t.strictSame(plan.probe, { mark: 0xff00, table: 300, nexthop: '240.0.0.0', nexthop6: 'fe80::6d6c:0' })
  t.strictSame(plan.rules.map((rule) => rule.priority).slice(0, 8), [50, 51, 51, 52, 53, 54, 306, 307])
  t.ok(plan.rules.filter((rule) => rule.selector).every((rule) => rule.selector.endsWith('/0xff00')))
})

t.test('without links there is nothing to do, and the numbers stay remembered', async (t) => {
  const { plan, numbers } = buildPlan(configOf([]), new Map([['eth0', 3]]))
  t.strictSame([plan.links, plan.slots, plan.rules], [[], [], []])
  t.strictSame(Object.fromEntries(numbers), { eth0: 3 })
})

t.test('the next hops that tell a link in IPv6 follow from its number, in the text that nft prints', async (t) => {
  const numbers = new Map([['eth0', 1], ['eth1', 16], ['ppp0', 254]])
  const { plan } = buildPlan(configOf(three), numbers)
  t.strictSame(plan.links.map((link) => link.probeNexthop6), ['fe80::6d6c:1', 'fe80::6d6c:10', 'fe80::6d6c:fe'])
  t.equal(plan.probe.nexthop6, 'fe80::6d6c:0')
})

t.test('a backup has no slot and no share, and its fallback comes after those of the tiers before it', async (t) => {
  const links = [
    linkNamed('ppp0', { tier: 9 }),
    linkNamed('wwan0', { tier: 1, weight: 5 }),
    linkNamed('eth0', { weight: 3 }),
    linkNamed('eth1'),
  ]
  const { plan } = buildPlan(configOf(links), new Map())
  t.strictSame(plan.slots, ['eth0', 'eth0', 'eth1', 'eth0'])
  t.strictSame(plan.links.map((link) => link.share), [0, 0, 0.75, 0.25])
  const fallbacks = plan.rules.filter((rule) => rule.priority >= 32800)
  t.strictSame(fallbacks.map((rule) => [rule.priority, rule.why]), [
    [32800, 'a default by eth0 when main has none'],
    [32801, 'a default by eth1 when main has none'],
    [32802, 'a default by wwan0 when main has none'],
    [32803, 'a default by ppp0 when main has none'],
  ])
})

t.test('where every link is a backup, the lowest tier is used', async (t) => {
  const links = [linkNamed('a', { tier: 2 }), linkNamed('b', { tier: 1, weight: 0 })]
  const { plan } = buildPlan(configOf(links), new Map())
  t.strictSame([plan.slots, plan.links.map((link) => link.share)], [['b'], [0, 1]])
})

t.test('a probe is waited for a second, or as long as a round takes', async (t) => {
  const timeoutOf = (interval: number) =>
    buildPlan(configOf(three, { check: { ...configOf([]).check, interval } }), new Map()).plan.check.timeout
  t.strictSame([0.1, 0.2, 0.499, 0.5, 1, 3600].map(timeoutOf), [0.075, 0.15, 0.374, 1, 1, 1])
})

t.test('there is IPv6 as soon as one link has it', async (t) => {
  const off = { ipv6: false, gateway6: 'none' }
  const ipv6Of = (links: Parameters<typeof configOf>[0]) => buildPlan(configOf(links), new Map()).plan.ipv6
  t.equal(ipv6Of([linkNamed('a', off), linkNamed('b')]), true)
  t.equal(ipv6Of([linkNamed('a', off), linkNamed('b', off)]), false)
  t.equal(ipv6Of([]), false)
})
