// Downloads with curl on the box, several at once, for a fixed time: then no link idles at the end because
// its downloads were through first. In: how many, over which link (undefined: as the kernel or multilink
// says). Out: what was received, what came in over each link, how many connections each link got.

import type { Lab } from '../lab/network.js'
import { linkSeenAs, server } from '../lab/topology.js'
import { perLink, readCounters, since, type PerLink } from './counters.js'
import type { Recorder } from './recorder.js'

export const duration = 15
/** more than any download gets in that time */
export const url = `http://${server(1)}/100000000`

/** curl's exit status when --max-time is over. */
const timeIsOver = 28

export interface Measurement {
  /** seconds on the recorder's clock */
  readonly begin: number
  readonly end: number
  readonly downloads: number
  /** bytes of files that the downloads received */
  readonly received: number
  /** bytes that came in over each link, packets whole */
  readonly passed: PerLink
  /** as the server saw them */
  readonly connections: PerLink
}

/** Throws if a download fails. */
export async function download(
  lab: Lab,
  recorder: Recorder,
  downloads: number,
  link?: string,
): Promise<Measurement> {
  const internet = await lab.agent('internet')
  await internet.call('forget')
  const before = readCounters(lab.box.holder)
  const begin = recorder.now()
  const received = await Promise.all(Array.from({ length: downloads }, () => curl(lab, link)))
  const end = recorder.now()
  const passed = since(before, readCounters(lab.box.holder))
  const heard = await internet.call('heard', { port: 80 })
  const seen = heard.map(({ from }) => linkSeenAs(from))
  return {
    begin,
    end,
    downloads,
    received: received.reduce((sum, bytes) => sum + bytes, 0),
    passed,
    connections: perLink((name) => seen.filter((other) => other === name).length),
  }
}

/** One download; answers how many bytes it received: none if the others on a full link left it no room. */
async function curl(lab: Lab, link?: string): Promise<number> {
  const bound = link === undefined ? [] : ['--interface', link]
  const output = ['--output', '/dev/null', '--write-out', '%{size_download}']
  const program = ['curl', '--fail', '--silent', '--show-error', '--max-time', String(duration), ...output]
  const { code, stdout, stderr } = await lab.box.run([...program, ...bound, url], { reject: false })
  if (code !== timeIsOver) throw new Error(`curl ended with ${code}: ${stderr}`)
  return Number(stdout)
}
