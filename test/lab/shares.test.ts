// Who gets how many connections, counted at the far end: nth and weights exactly, random within 5 standard errors,
// which a right one misses once in 10^6 times. Connections come one after the other, so that the order of arrival is
// the order of the choices.

import t from 'tap'
import { balancedLab, configure, linkNames, linksOf, ports, tally } from './scenario.js'
import { hook } from './kernel-state.js'
import type { Lab } from './network.js'
import { lan, server } from './topology.js'

const sample = 3000

// A server of its own for every sample: another client's port that the last server still keeps in TIME_WAIT
// would make a SYN be sent twice, and two SYNs are two choices.
let samples = 0

async function connect(lab: Lab, place: 'box' | 'lan', count = sample): Promise<string[]> {
  const agent = await lab.agent(place)
  const internet = await lab.agent('internet')
  await internet.call('forget')
  await agent.call('askMany', { hosts: [server(++samples)], port: ports.who, count })
  const heard = await internet.call('heard', { port: ports.who })
  return linksOf(heard.map(({ from }) => ({ seenAs: from })))
}

function count(names: readonly string[]): number[] {
  return linkNames.map((name) => names.filter((other) => other === name).length)
}

/** The windows of `length` in a row that do not hold exactly these counts. */
function unevenWindows(names: readonly string[], length: number, counts: readonly number[]): number {
  let uneven = 0
  for (let i = 0; i + length <= names.length; i++) {
    if (count(names.slice(i, i + length)).join() !== counts.join()) uneven++
  }
  return uneven
}

t.test('shares of new connections', async (t) => {
  const lab = await balancedLab(t)

  for (const [place, whose] of [
    ['box', "this machine's"],
    ['lan', 'forwarded'],
  ] as const) {
    await t.test(`nth gives each of three equal links exactly a third of ${whose} connections`, async (t) => {
      await configure(lab, { weights: [1, 1, 1] })
      const names = await connect(lab, place)
      t.same(count(names), [1000, 1000, 1000])
      t.equal(unevenWindows(names, 3, [1, 1, 1]), 0, 'and so in every three in a row')
    })

    await t.test(`weights 3:1:2 are exact in every six ${whose} connections in a row`, async (t) => {
      await configure(lab, { weights: [3, 1, 2] })
      const names = await connect(lab, place)
      t.same(count(names), [1500, 500, 1000])
      t.equal(unevenWindows(names, 6, [3, 1, 2]), 0)
    })

    await t.test(`random is within 5 standard errors of the weights for ${whose} connections`, async (t) => {
      await configure(lab, { method: 'random', weights: [3, 1, 2] })
      const counts = count(await connect(lab, place))
      for (const [i, share] of [3 / 6, 1 / 6, 2 / 6].entries()) {
        const error = Math.sqrt(sample * share * (1 - share))
        const off = Math.abs((counts[i] ?? 0) - sample * share) / error
        t.ok(off <= 5, `${linkNames[i]}: ${counts[i]} of ${sample}, ${off.toFixed(1)} standard errors off`)
      }
      t.not(counts.join(), '1500,500,1000', 'and not in turn')
    })
  }

  await t.test('3:1 is interleaved: a a b a, not a a a b', async (t) => {
    await configure(lab, { weights: [3, 1, 0] })
    const names = await connect(lab, 'box', 40)
    t.equal(unevenWindows(names, 4, [3, 1, 0]), 0)
    await configure(lab, { weights: [2, 2, 0] })
    t.equal(unevenWindows(await connect(lab, 'box', 40), 2, [1, 1, 0]), 0, '2:2 is 1:1')
  })

  await t.test(
    'a link of weight 0 gets nothing while another is left, and everything when none is',
    async (t) => {
      await configure(lab, { weights: [1, 1, 0] })
      t.same(count(await connect(lab, 'box', 40)), [20, 20, 0])
      await lab.box.run(['ifdown', 'eth0', 'eth1'])
      t.same(count(await connect(lab, 'box', 10)), [0, 0, 10])
      await lab.box.run(['ifup', 'eth0', 'eth1'])
      t.same(count(await connect(lab, 'box', 40)), [20, 20, 0])
    },
  )

  await t.test('UDP sockets are balanced as connections are', async (t) => {
    await configure(lab, { weights: [1, 1, 1] })
    const agent = await lab.agent('box')
    const hosts = [server(1)]
    t.same(tally(await agent.call('askMany', { hosts, port: ports.who, count: 30, udp: true })), {
      eth0: 10,
      eth1: 10,
      rausb0: 10,
    })
  })

  await t.test('a hook or an apply that changes nothing does not begin the sequence anew', async (t) => {
    await configure(lab, { weights: [1, 1, 1] })
    const names: string[] = []
    for (let i = 0; i < 9; i++) {
      names.push(...(await connect(lab, 'box', 1)))
      const again = [
        ['multilink', 'apply'],
        hook('up', 'eth0', '192.168.1.1'),
        hook('up', lan.device),
        hook('up', 'eth1'),
      ]
      await lab.box.run(again[i % again.length] as string[])
    }
    t.equal(unevenWindows(names, 3, [1, 1, 1]), 0, names.join(' '))
  })

  await t.test('nth is exact again among the links that are left, and after the link is back', async (t) => {
    await configure(lab, { weights: [3, 1, 2] })
    await lab.box.run(['ifdown', 'eth1'])
    const without = await connect(lab, 'box', 300)
    t.same(count(without), [180, 0, 120])
    t.equal(unevenWindows(without, 5, [3, 0, 2]), 0)
    await lab.box.run(['ifup', 'eth1'])
    t.equal(unevenWindows(await connect(lab, 'box', 300), 6, [3, 1, 2]), 0)
  })
})
