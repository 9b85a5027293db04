// What is measured when links are lost, each on a lab of its own. In: how many runs; out: rows of numbers. failover.ts
// prints them.

import { waitLimit } from '../limits.js'
import { raiseNetwork, type Lab } from '../lab/network.js'
import { configOf, deb, linkNames, ports } from '../lab/scenario.js'
import { lan, links, linkSeenAs, server, server6, stanza, type LabLink } from '../lab/topology.js'
import type { Answer } from '../lab/traffic/answers.js'
import type { FlowState } from '../lab/traffic/stranded.js'
import { until } from '../lab/wait.js'
import { startMonitor } from '../lab/long/features.js'
import { memoryOf, processorSeconds } from '../lab/long/processes.js'

export interface Row {
  readonly what: string
  readonly unit: 's' | 'MB' | '%'
  readonly values: readonly number[]
}

const targets = `check = ["${server(1)}", "${server6(1)}"]\n`

/** A lab with every link up and checked, in both families, and servers beyond; closed when `measure` is done. */
async function withLab<T>(
  options: { more?: string; monitored: boolean },
  measure: (lab: Lab) => Promise<T>,
): Promise<T> {
  const lab = await raiseNetwork({ deb, v6: 'static' })
  try {
    const { box } = lab
    const interfaces = [...linkNames, lan.device]
    for (const name of interfaces) await box.write(`/etc/network/interfaces.d/${name}`, stanza(name, lab.v6))
    const internet = await lab.agent('internet')
    await internet.call('who', { port: ports.who })
    await internet.call('echo', { port: ports.echo })
    await internet.call('whoUdp', { port: ports.who, hosts: [server(1)] })
    const config = configOf({ v6: lab.v6, more: options.more ?? '' })
    await box.write('/etc/multilink.conf', config.replaceAll(/\nweight = 1\n/g, `\n${targets}`))
    await box.run(['ifup', 'lo'])
    await box.run(['multilink', 'apply'])
    if (options.monitored) await startMonitor(lab)
    await box.run(['ifup', ...interfaces])
    await allIn(lab)
    return await measure(lab)
  } finally {
    await lab.close()
  }
}

/** Waits until every link is in for both families. */
async function allIn(lab: Lab): Promise<void> {
  const all = [...linkNames].sort().join(' ')
  await until('all links are in', async () => {
    const list = 'cd /run/multilink; echo $(ls .in4 | sort), $(ls .in6 | sort)'
    const { stdout } = await lab.box.sh(list, { reject: false })
    return stdout.trim() === `${all}, ${all}`
  })
}

async function isOut(lab: Lab, link: LabLink): Promise<boolean> {
  const ask = ['test', '-e', `/run/multilink/.out4/${link.name}`, '-a', '-e', `/run/multilink/.out6/${link.name}`]
  return (await lab.box.run(ask, { reject: false })).code === 0
}

function linkOfRun(run: number): LabLink {
  return links[run % links.length] as LabLink
}

/**
 * A provider is dead: seconds from the last connection that came through over its link to the first moment from which
 * all connections succeed, at once; the box and a LAN host each begin one every 20 ms, in both families in turn.
 */
export function providerDead(what: string, more: string, runs: number): Promise<Row> {
  return withLab({ more, monitored: true }, async (lab) => {
    const agents = [await lab.agent('box'), await lab.agent('lan')]
    const internet = await lab.agent('internet')
    const values: number[] = []
    for (let run = 0; run < runs; run++) {
      const link = linkOfRun(run)
      const hosts = [server(1), server6(1)]
      const steady = { hosts, port: ports.who, perSecond: 50, timeout: 4000 }
      for (const agent of agents) await agent.call('startSteady', steady)
      await more100(internet)
      await lab.kill(link.name)
      await until(`${link.name} is out`, () => isOut(lab, link))
      await more100(internet)
      const answers = (await Promise.all(agents.map((agent) => agent.call('stopSteady')))).flat()
      values.push(interruption(answers, link) / 1000)
      await lab.revive(link.name)
      await allIn(lab)
    }
    return { what, unit: 's', values }
  })
}

/** Waits until 100 connections more have come to the servers. */
async function more100(internet: Awaited<ReturnType<Lab['agent']>>): Promise<void> {
  const count = (): Promise<number> => internet.call('heardCount', { port: ports.who })
  const before = await count()
  await until('connections arrive', async () => (await count()) >= before + 100)
}

/** Milliseconds from the last good answer over the link to the beginning of unbroken success. */
function interruption(answers: readonly Answer[], link: LabLink): number {
  const good = answers.filter(({ seenAs }) => seenAs !== undefined && linkSeenAs(seenAs) === link.name)
  const lastGood = Math.max(...good.map(({ at, took }) => at + took))
  // A SYN that was sent again, a second later, came through; but not at once.
  const failed = answers.filter(({ error, took }) => error !== undefined || took > 900)
  const lastFailed = Math.max(...failed.map(({ at }) => at))
  const success = Math.min(...answers.flatMap(({ at }) => (at > lastFailed ? [at] : [])))
  if (!Number.isFinite(success - lastGood)) throw new Error(`${link.name}: nothing failed, or nothing came through`)
  return success - lastGood
}

/** From the detection of a dead link: what of it is let go, and how soon. */
export function letGo(runs: number): Promise<Row[]> {
  return withLab({ monitored: false }, async (lab) => {
    const [box, host] = [await lab.agent('box'), await lab.agent('lan')]
    const rows: Record<string, number[]> = {}
    const note = (what: string, milliseconds: number): void => void (rows[what] ??= []).push(milliseconds / 1000)
    for (let run = 0; run < runs; run++) {
      const link = linkOfRun(run)
      const overLink = ({ seenAs }: { seenAs: string }): boolean => linkSeenAs(seenAs) === link.name
      for (const agent of [box, host]) {
        await agent.call('openWaiting', { host: server(1), port: ports.echo, count: 6 })
        await agent.call('startFlows', { host: server(1), port: ports.who, count: 6 })
        const answered = async (): Promise<boolean> =>
          (await agent.call('flowStates')).every(({ changes }) => changes.length > 0)
        await until('flows are answered', answered)
      }
      await lab.kill(link.name)
      const detected = await verdict(lab, link, 'down')

      const ended = async (): Promise<boolean> =>
        (await box.call('waitingStates')).filter(overLink).every(({ error }) => error !== undefined)
      await until('local connections end', ended)
      const local = (await box.call('closeWaiting')).filter(overLink)
      const end = Math.max(...local.map(({ at }) => at ?? Number.NaN))
      note("from detection: a TCP connection of this machine's has its error", end - detected)

      for (const [whose, agent] of [["this machine's", box], ['a forwarded', host]] as const) {
        const moved = async (): Promise<boolean> =>
          (await agent.call('flowStates')).every(
            (flow) => !wasOver(flow, link, detected) || movedAt(flow, link, detected) !== undefined,
          )
        await until(`${whose} flows move`, moved)
        const flows = (await agent.call('stopFlows')).filter((flow) => wasOver(flow, link, detected))
        const at = flows.map((flow) => movedAt(flow, link, detected) ?? Number.NaN)
        note(`from detection: ${whose} UDP flow is answered over a live link`, Math.max(...at) - detected)
      }

      const wrote = Date.now()
      await host.call('writeWaiting')
      const reset = async (): Promise<boolean> =>
        (await host.call('waitingStates')).filter(overLink).every(({ error }) => error !== undefined)
      await until('forwarded connections are reset', reset)
      const forwarded = (await host.call('closeWaiting')).filter(overLink)
      const last = Math.max(...forwarded.map(({ at }) => at ?? Number.NaN))
      note('from when its client next sends: a forwarded TCP connection has its reset', last - wrote)

      await lab.revive(link.name)
      await verdict(lab, link, 'up')
      await allIn(lab)
    }
    return Object.entries(rows).map(([what, values]) => ({ what, unit: 's', values }))
  })
}

/** Says of a link what a prober would; resolves to when, in ms of Date.now(). */
async function verdict(lab: Lab, link: LabLink, word: 'up' | 'down'): Promise<number> {
  const { stdout } = await lab.box.sh(`
    cd /run/multilink
    mkdir -p .health4 .health6
    for family in 4 6; do printf '%s\\nloss=0 rtt=-\\n' ${word} >.health$family/${link.name}; done
    date +%s%3N
    /var/lib/multilink/current/changed`)
  return Number(stdout.split('\n')[0])
}

function wasOver({ changes }: FlowState, link: LabLink, at: number): boolean {
  const last = changes.filter((change) => change.at < at && change.seenAs !== undefined).at(-1)
  return last?.seenAs !== undefined && linkSeenAs(last.seenAs) === link.name
}

function movedAt({ changes }: FlowState, link: LabLink, after: number): number | undefined {
  const isElsewhere = (seenAs: string | undefined): boolean => seenAs !== undefined && linkSeenAs(seenAs) !== link.name
  return changes.find(({ at, seenAs }) => at >= after && isElsewhere(seenAs))?.at
}

/** The cable is pulled: seconds until the link is out and what was pinned to it is let go, for both families. */
export function carrierLoss(runs: number): Promise<Row> {
  return withLab({ monitored: true }, async (lab) => {
    const values: number[] = []
    for (let run = 0; run < runs; run++) {
      const link = linkOfRun(run)
      const begin = Date.now()
      await lab.cable(link.name, false)
      await until(`${link.name} is out`, () => isOut(lab, link))
      const files = [4, 6].map((family) => `/run/multilink/.out${family}/${link.name}`)
      const { stdout } = await lab.box.run(['stat', '--format=%.3Y', ...files])
      values.push(Math.max(...stdout.split('\n').map(Number)) - begin / 1000)
      await lab.cable(link.name, true)
      await allIn(lab)
    }
    return { what: 'carrier lost: the link is out', unit: 's', values }
  })
}

/** What the monitor and the probers cost over three links with default checks while nothing happens. */
export function atRest(runs: number, seconds = 10): Promise<Row[]> {
  return withLab({ monitored: true }, async (lab) => {
    const id = Number(await lab.box.read('/run/monitor.pid'))
    const load: number[] = []
    const rss: number[] = []
    const pss: number[] = []
    for (let run = 0; run < runs; run++) {
      const before = await processorSeconds(lab.box)
      const begin = performance.now()
      const isOver = (): boolean => performance.now() - begin >= seconds * 1000
      await until('some seconds are over', isOver, { limit: 1000 * seconds + waitLimit, every: 200 })
      const passed = (performance.now() - begin) / 1000
      load.push((((await processorSeconds(lab.box)) - before) / passed) * 100)
      const memory = await memoryOf(lab.box, id)
      rss.push(memory.rss / 1000)
      pss.push(memory.pss / 1000)
    }
    return [
      { what: 'monitor and probers at rest: processor, of one core', unit: '%', values: load },
      { what: 'monitor and probers at rest: resident, shared pages divided (PSS)', unit: 'MB', values: pss },
      { what: 'monitor and probers at rest: resident, shared pages in each (RSS)', unit: 'MB', values: rss },
    ]
  })
}
