// Hooks repeated, at once, killed anywhere, and after somebody else's damage: they leave what one whole run
// leaves.

import t from 'tap'
import { balancedLab, linkNames, ports, tally } from '../scenario.js'
import { killAfter, layTraps } from '../kill-points.js'
import { hook, kernelState } from '../kernel-state.js'
import type { Box } from '../box.js'
import { server } from '../topology.js'

const up = (name: string): string[] => hook('up', name, name === 'eth0' ? '192.168.1.1' : undefined)
const down = (name: string): string[] => hook('down', name)

async function runs(box: Box, program: readonly string[], times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await box.run(program)
}

t.test('hooks are idempotent', async (t) => {
  const lab = await balancedLab(t)
  const { box } = lab
  const agent = await lab.agent('box')
  const whole = await kernelState(box)
  const balances = async (): Promise<boolean> => {
    const counts = tally(await agent.call('askMany', { hosts: [server(1)], port: ports.who, count: 9 }))
    return Object.keys(counts).sort().join() === [...linkNames].sort().join()
  }
  t.match(whole, 'table inet multilink', 'the state that is compared holds the table')

  await t.test('run ten times they leave what one run leaves', async (t) => {
    for (const name of linkNames) {
      await runs(box, up(name), 10)
      t.equal(await kernelState(box), whole, `if-up of ${name}`)
    }
    await runs(box, down('eth1'))
    const without = await kernelState(box)
    t.not(without, whole)
    await runs(box, down('eth1'), 9)
    t.equal(await kernelState(box), without, 'if-down of eth1')
    await runs(box, up('eth1'))
    t.equal(await kernelState(box), whole, 'and if-up is its reverse')
  })

  await t.test('ten at once for three interfaces leave what one run each leaves', async (t) => {
    const thirty = Array.from({ length: 10 }, () => linkNames).flat()
    await Promise.all(thirty.map((name) => box.run(up(name))))
    t.equal(await kernelState(box), whole, 'if-up')
    for (const name of linkNames) await box.run(down(name))
    const none = await kernelState(box)
    for (const name of linkNames) await box.run(up(name))
    await Promise.all(thirty.map((name) => box.run(down(name))))
    t.equal(await kernelState(box), none, 'if-down')
    await Promise.all(linkNames.map((name) => box.run(up(name))))
    t.equal(await kernelState(box), whole, 'three if-up at once from nothing')
  })

  await t.test('what another program took away is back after the next hook', async (t) => {
    const damages = [
      'nft flush ruleset',
      'nft delete table inet multilink',
      'nft flush chain inet multilink choose',
      'nft flush map inet multilink slots',
      'ip rule flush; ip rule add priority 32766 lookup main; ip rule add priority 32767 lookup default',
      'ip rule delete priority 1103',
      'ip route flush table 1002',
      'ip route flush table 1000',
      'ip route replace default via 172.16.0.1 dev eth1 table 1003 proto 157',
      'rm -rf /run/multilink/.loaded',
      'echo 1 >/proc/sys/net/ipv4/conf/eth1/rp_filter',
    ]
    for (const damage of damages) {
      await box.sh(damage)
      t.not(await kernelState(box), damage.startsWith('rm') ? '' : whole, `damaged: ${damage}`)
      await box.run(up('eth0'))
      t.equal(await kernelState(box), whole, 'mended')
    }
    t.ok(await balances())
  })

  await t.test('a link that was set down and up without ifupdown is back after the next hook', async (t) => {
    await box.sh('ip link set eth1 down; ip link set eth1 up')
    await box.run(up('rausb0'))
    t.equal(await kernelState(box), whole)
  })

  await t.test('killed after any of its commands, the next hook mends it', async (t) => {
    await layTraps(box)
    await box.run(down('eth1'))
    const without = await kernelState(box)
    await box.run(up('eth1'))
    let points = 0
    for (let after = 1, killed = true; killed; after++) {
      killed = await killAfter(box, after, down('eth1'))
      if (killed) points++
      await box.run(up('eth0'))
      const state = await kernelState(box)
      t.ok(
        state === without || state === whole,
        `if-down killed after ${after} commands, then another link's hook`,
      )
      await box.run(down('eth1'))
      t.equal(await kernelState(box), without, 'its own hook again takes the link out')

      const killedToo = await killAfter(box, after, up('eth1'))
      killed ||= killedToo
      if (killedToo) points++
      await box.run(up('eth1'))
      t.equal(await kernelState(box), whole, `if-up killed after ${after} commands, then again`)
    }
    t.comment(`${points} points of death`)
    t.ok(points > 10)
    t.ok(await balances())
  })
})
