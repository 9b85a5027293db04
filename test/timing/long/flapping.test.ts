// 24 links whose carriers come and go at once, by chance, a hundred times in 10 seconds: multilink settles to the right
// state, and what that costs is told. Connections over a 25th link that stays notice nothing. MULTILINK_SEED=N flaps
// otherwise.

import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { ownState } from '../../lab/kernel-state.js'
import { deb, labOf, ports } from '../../lab/scenario.js'
import { lan, links, server, server6 } from '../../lab/topology.js'
import { until } from '../../lab/wait.js'
import { randomNumbers } from '../../random.js'
import { featuresOf, startMonitor } from '../../lab/long/features.js'
import { plugInMany } from '../../lab/long/many-links.js'
import { processorSeconds } from '../../lab/long/processes.js'

const seed = Number(process.env['MULTILINK_SEED'] ?? 1)
const count = 24
const changes = 100
const steady = links[0] as (typeof links)[0]

t.test(`${count} links flapping, seed ${seed}`, async (t) => {
  const lab = await labOf(t, { deb, v6: 'static' })
  const { box } = lab
  const many = await plugInMany(lab, count)
  const names = many.links.map(({ name }) => name)
  const tables = many.links.map(
    ({ name, address }) => `[link.${name}]\ngateway = "${address.replace(/2$/, '1')}"\ngateway6 = "fe80::1"\n`,
  )
  await box.write('/etc/multilink.conf', [`[link.${steady.name}]\n`, ...tables].join('\n'))
  await box.run(['ifup', steady.name, lan.device])
  await box.run(['multilink', 'apply'])
  const features = await featuresOf(box)
  t.ok(features.monitor, 'there is a monitor to notice carriers')
  await box.sh('echo "echo >>/run/changed" >>/var/lib/multilink/current/changed')
  const monitor = await startMonitor(lab)

  /** Waits until these links and the steady one are in, and no others, in both families. */
  const settledTo = async (plugged: ReadonlySet<string>): Promise<number> => {
    const begin = performance.now()
    const wanted = [steady.name, ...names.filter((name) => plugged.has(name))].sort().join(' ')
    let there = ''
    const ask = async (): Promise<boolean> => {
      const { stdout } = await box.sh('cd /run/multilink; echo $(ls .in4 | LC_ALL=C sort), $(ls .in6 | LC_ALL=C sort)')
      there = stdout.trim()
      return there === `${wanted}, ${wanted}`
    }
    await until('the links settle', ask).catch(async (failure: unknown) => {
      const { stdout: waiting } = await box.sh("ps -eo pid,ppid,stat,etimes,wchan:20,args | awk '/multilink|monitor/'")
      t.comment(`the monitor said: ${monitor.printed().slice(-4000)}`)
      t.comment(`who waits for whom:\n${waiting}`)
      throw new Error(`${String(failure)}: in are ${there}, not ${wanted}, in both families`)
    })
    return performance.now() - begin
  }
  await settledTo(new Set(names))

  const agent = await lab.agent('box')
  for (const host of [server(1), server6(1)]) {
    // The far end of the many has no such server: their share fails, that of the steady link stays.
    for (let opened = 0; opened < 2; ) {
      const there = await agent.call('openStreams', { host, port: ports.echo, count: 1 }).catch(() => [])
      opened += there.length
    }
  }

  const random = randomNumbers(seed)
  const before = { seconds: await processorSeconds(box), runs: await runsOf(box) }
  const start = performance.now()
  let flaps = 0
  let plugged = new Set(names)
  for (let i = 0; i < changes; i++) {
    const next = new Set(names.filter(() => random(2) === 0))
    flaps += names.filter((name) => next.has(name) !== plugged.has(name)).length
    plugged = next
    await many.plug(plugged)
    await pause(random(200))
  }
  const flapped = (performance.now() - start) / 1000
  const milliseconds = await settledTo(plugged)
  const seconds = (await processorSeconds(box)) - before.seconds
  const runs = (await runsOf(box)) - before.runs
  const cost = `${runs} reconciles, ${seconds.toFixed(2)} s of processor time`
  t.comment(`${flaps} carriers came or went in ${flapped.toFixed(1)} s: ${cost}`)
  t.comment(`settled ${milliseconds.toFixed(0)} ms after the last`)

  const state = await ownState(box)
  await box.sh('rm -f /run/multilink/.loaded; /var/lib/multilink/current/boot')
  t.equal(state, await ownState(box), 'the kernel holds what a fresh start builds')

  await until('streams have carried 100 KB', async () =>
    (await agent.call('streamStates')).every(({ error, intact }) => error !== undefined || intact > 100_000))
  for (const { host, error, intact } of await agent.call('closeStreams')) {
    t.equal(error, undefined, `a stream to ${host} over the link that stayed lives on, ${intact} bytes intact`)
  }
  for (const host of [server(2), server6(2)]) {
    const turns = 2 * (plugged.size + 1)
    const answers = await agent.call('askMany', { hosts: [host], port: ports.who, count: turns })
    const shares: Record<string, number> = {}
    for (const { seenAs, error } of answers) {
      const own = seenAs === steady.publicAddress || seenAs === steady.address6
      const name = seenAs === undefined ? String(error) : own ? steady.name : many.linkSeenAs(seenAs)
      shares[name] = (shares[name] ?? 0) + 1
    }
    const wanted = Object.fromEntries([steady.name, ...plugged].map((name) => [name, 2]))
    t.same(shares, wanted, `${host}: each link that is plugged in has its turns`)
  }
  t.equal(await many.foreign(), 0, 'no foreign source was seen')
})

async function runsOf(box: { sh(text: string): Promise<{ stdout: string }> }): Promise<number> {
  return Number((await box.sh('cat /run/changed 2>/dev/null | wc -l')).stdout)
}
