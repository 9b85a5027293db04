// Reads every link's counter twice a second. In: how to read the counters, what to do with each interval.
// Out: the rate of each link in each interval, for the picture.

import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../lab/wait.js'
import { perLink, since, sumOf, type PerLink } from './counters.js'

export interface Interval {
  /** seconds since the recorder was started */
  readonly begin: number
  readonly end: number
  /** bytes a second */
  readonly rates: PerLink
}

export interface Recorder {
  readonly intervals: readonly Interval[]
  /** seconds since the recorder was started */
  now(): number
  /** resolves after an interval, begun from now on, in which next to nothing passed */
  quiet(): Promise<void>
  stop(): Promise<void>
}

const every = 0.5
/** bytes a second; neighbours still ask for each other's addresses */
const nextToNothing = 1000

/** Starts reading at once; `stop` throws what made reading fail. */
export function startRecorder(read: () => PerLink, tell: (interval: Interval) => void): Recorder {
  const started = performance.now()
  const now = (): number => (performance.now() - started) / 1000
  const stopping = new AbortController()
  const intervals: Interval[] = []

  const sample = (): { at: number; bytes: PerLink } => ({ at: now(), bytes: read() })
  const untilTick = async (tick: number): Promise<void> => {
    const left = Math.max(0, tick * every - now()) * 1000
    await pause(left, undefined, { signal: stopping.signal }).catch(() => undefined)
  }
  const record = async (): Promise<void> => {
    let last = sample()
    for (let tick = 1; !stopping.signal.aborted; tick++) {
      await untilTick(tick)
      const next = sample()
      const passed = since(last.bytes, next.bytes)
      const rates = perLink((name) => (passed[name] ?? 0) / (next.at - last.at))
      const interval = { begin: last.at, end: next.at, rates }
      intervals.push(interval)
      tell(interval)
      last = next
    }
  }
  const failure = record().then(() => undefined, (error: unknown) => error)
  return {
    intervals,
    now,
    quiet: async () => {
      const from = now()
      const isQuiet = ({ begin, rates }: Interval): boolean => begin >= from && sumOf(rates) < nextToNothing
      await until('nothing comes in', () => intervals.some(isQuiet))
    },
    stop: async () => {
      stopping.abort()
      const error = await failure
      if (error !== undefined) throw new Error('the recorder stopped', { cause: error })
    },
  }
}
