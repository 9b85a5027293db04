// An apply that is killed after any command it runs: connections go on, and the next apply leaves what it
// should have left.

import t from 'tap'
import { balancedLab, configOf, configure, ports } from '../scenario.js'
import { killAfter, layTraps } from '../kill-points.js'
import { kernelState } from '../kernel-state.js'
import { server } from '../topology.js'

t.test('an apply killed after any of its commands', async (t) => {
  const lab = await balancedLab(t)
  const { box } = lab
  const agent = await lab.agent('box')
  const configs = [{ weights: [3, 1, 2] }, { weights: [1, 1, 1], method: 'hash' as const }]
  const whole: string[] = []
  for (const config of configs) {
    await configure(lab, config)
    whole.push(await kernelState(box))
  }
  t.not(whole[0], whole[1])
  await agent.call('openStreams', { host: server(1), port: ports.echo, count: 6 })
  await layTraps(box)

  let points = 0
  for (let after = 1, killed = true; killed; after++) {
    const config = configs[after % 2] as (typeof configs)[0]
    await box.write('/etc/multilink.conf', configOf(config))
    killed = await killAfter(box, after, ['multilink', 'apply'])
    if (killed) points++
    const answers = await agent.call('askMany', { hosts: [server(1), server(2)], port: ports.who, count: 6 })
    t.same(
      answers.filter(({ error }) => error !== undefined),
      [],
      `killed after ${after} commands, connections go on`,
    )
    await box.run(['multilink', 'apply'])
    t.equal(await kernelState(box), whole[after % 2], 'the next apply does it whole')
  }
  t.comment(`${points} points of death`)
  t.ok(points > 10)
  for (const { error, intact } of await agent.call('closeStreams')) {
    t.equal(error, undefined, `a stream lived through it, ${intact} bytes intact`)
  }
})
