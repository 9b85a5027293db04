// max_rtt on a link that answers, but late: a relay holds back what comes in over it. The link that is slower than
// allowed goes out and comes back; one that is slow within bounds stays.

import t from 'tap'
import { balancedLab, linksOf, ports } from '../../lab/scenario.js'
import { server, server6 } from '../../lab/topology.js'
import { until } from '../../lab/wait.js'
import { startMonitor } from '../../lab/long/features.js'

/** Two in each family: the mean is that of 100 probes. */
const targets = [server(1), server(2), server6(1), server6(2)].map((target) => `"${target}"`).join(', ')

t.test('max_rtt = 100: a link with 200 ms more is out, one with 40 ms more stays', async (t) => {
  const lab = await balancedLab(t, {
    v6: 'static',
    every: `check = [${targets}]`,
    more: '[check]\nmax_rtt = 100',
  })
  await startMonitor(lab)
  const record = async (family: 4 | 6, name: string): Promise<string> =>
    (await lab.box.sh(`cat /run/multilink/.health${family}/${name} || :`)).stdout
  const judged = (name: string, verdict: RegExp): Promise<unknown> =>
    until(`${name} is ${String(verdict)}`, async () =>
      verdict.test(await record(4, name)) && verdict.test(await record(6, name)))
  const used = async (): Promise<string[]> => {
    const box = await lab.agent('box')
    const ask = { hosts: [server(1), server6(1)], port: ports.who, count: 12 }
    return [...new Set(linksOf(await box.call('askMany', ask)))].sort()
  }
  for (const name of ['eth0', 'eth1', 'rausb0']) await judged(name, /^up/)

  await lab.delay('eth1', 200)
  await lab.delay('rausb0', 40)
  await judged('eth1', /^down rtt \d+ ms, max_rtt is 100/)
  t.same(await used(), ['eth0', 'rausb0'], 'what is too slow takes no new connections')
  t.match(await record(4, 'rausb0'), /^up/, 'what is slow within bounds does')

  await lab.delay('eth1', 0)
  await judged('eth1', /^up/)
  t.same(await used(), ['eth0', 'eth1', 'rausb0'], 'it is back once it is fast again')
})
