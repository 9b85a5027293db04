// Clients of the lab, run by the agent: single questions to a `who` server, many of them, a steady flow, UDP.
// In: where to, the family being that of the address; out: for each the address it was seen as, or how it failed, and
// when.

import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { silence, waitLimit } from '../../limits.js'
import type { Answer, Ask } from './answers.js'

/** A question that was asked: what becomes of it, and a way to listen no longer. */
interface Asked {
  readonly answer: Promise<Answer>
  readonly giveUp: () => void
}

const givenUp = 'ETIMEDOUT (by the client)'

function begin({ host, port, localAddress }: Ask): Asked {
  const at = Date.now()
  const began = performance.now()
  const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) })
  let finish: (error?: string) => void = () => undefined
  const answer = new Promise<Answer>((resolve) => {
    let text = ''
    finish = (error) => {
      socket.destroy()
      const took = performance.now() - began
      resolve(error === undefined ? { host, at, took, seenAs: text.trim() } : { host, at, took, error })
    }
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('end', () => finish(text.endsWith('\n') ? undefined : 'cut short'))
    socket.on('error', (failure: NodeJS.ErrnoException) => finish(failure.code ?? failure.message))
  })
  return { answer, giveUp: () => finish(givenUp) }
}

async function ask({ timeout = waitLimit, ...question }: Ask): Promise<Answer> {
  const { answer, giveUp } = begin(question)
  const limit = setTimeout(giveUp, timeout)
  return answer.finally(() => clearTimeout(limit))
}

function askUdp(question: Ask & { localPort?: number }): Promise<Answer> {
  const { host, port, localAddress, localPort = 0, timeout = waitLimit } = question
  const at = Date.now()
  const began = performance.now()
  return new Promise((resolve) => {
    const v6 = isIPv6(host)
    const socket = createSocket(v6 ? 'udp6' : 'udp4')
    const finish = (result: { seenAs: string } | { error: string }): void => {
      clearTimeout(limit)
      socket.close()
      resolve({ host, at, took: performance.now() - began, ...result })
    }
    const limit = setTimeout(() => finish({ error: givenUp }), timeout)
    // Anybody can send to the socket: an answer comes from where the question went.
    socket.on('message', (text, from) => {
      const asked = from.address === host && from.port === port
      if (asked) finish({ seenAs: text.toString().trim() })
      else finish({ error: `an answer from ${from.address} port ${from.port}, not from ${host} port ${port}` })
    })
    const fail = (failure: NodeJS.ErrnoException): void => finish({ error: failure.code ?? failure.message })
    socket.on('error', fail)
    socket.bind(localPort, localAddress ?? (v6 ? '::' : '0.0.0.0'), () => {
      socket.send('who', port, host, (failure) => failure && fail(failure))
    })
  })
}

/** What many questions have in common; they go to the hosts in turn. */
type Flow = Omit<Ask, 'host'> & { hosts: string[] }

interface Steady {
  readonly timer: NodeJS.Timeout
  readonly answers: Promise<Answer>[]
  /** of those that have ended, by their place in `answers` */
  readonly ended: Answer[]
}
let steady: Steady | undefined

/** How far a steady flow has come. */
export interface SteadyState {
  /** questions so far */
  readonly asked: number
  /** the places of those that have neither an answer nor an error yet */
  readonly open: number[]
  /** how many were answered, by the address they were seen as */
  readonly seenAs: Record<string, number>
}

export const clients = {
  ask,
  askUdp,

  /** `count` questions, `parallel` of them at a time (1: in sequence), to the hosts in turn */
  async askMany(options: Flow & { count: number; parallel?: number; udp?: boolean }): Promise<Answer[]> {
    const { hosts, count, parallel = 1, udp = false, ...rest } = options
    const answers: Answer[] = []
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < count) {
        const n = next++
        const host = hosts[n % hosts.length] as string
        answers[n] = await (udp ? askUdp : ask)({ host, ...rest })
      }
    }
    await Promise.all(Array.from({ length: parallel }, worker))
    return answers
  },

  /**
   * `count` questions at the same time, of which `silent` are expected to hear nothing, whichever: once all others have
   * ended, these are given up after a silence.
   */
  async askAtOnce(options: Flow & { count: number; silent: number }): Promise<Answer[]> {
    const { hosts, count, silent, timeout = waitLimit, ...rest } = options
    const asked = Array.from({ length: count }, (_, n) => begin({ host: hosts[n % hosts.length] as string, ...rest }))
    let ended = 0
    const others = new Promise<void>((resolve) => {
      for (const { answer } of asked) void answer.then(() => ++ended >= count - silent && resolve())
    })
    await Promise.race([others, pause(timeout, undefined, { ref: false })])
    await Promise.race([Promise.all(asked.map(({ answer }) => answer)), pause(silence)])
    for (const { giveUp } of asked) giveUp()
    return Promise.all(asked.map(({ answer }) => answer))
  },

  /** begins to ask `perSecond` questions a second, whatever becomes of the earlier ones */
  startSteady({ hosts, perSecond, ...rest }: Flow & { perSecond: number }): void {
    const answers: Promise<Answer>[] = []
    const ended: Answer[] = []
    const timer = setInterval(() => {
      const place = answers.length
      const answer = ask({ host: hosts[place % hosts.length] as string, ...rest })
      void answer.then((what) => (ended[place] = what))
      answers.push(answer)
    }, 1000 / perSecond)
    steady = { timer, answers, ended }
  },

  steadyState(): SteadyState {
    if (steady === undefined) throw new Error('no steady flow was started')
    const { answers, ended } = steady
    const seenAs: Record<string, number> = {}
    const open: number[] = []
    for (let place = 0; place < answers.length; place++) {
      const answer = ended[place]
      if (answer === undefined) open.push(place)
      else if (answer.seenAs !== undefined) seenAs[answer.seenAs] = (seenAs[answer.seenAs] ?? 0) + 1
    }
    return { asked: answers.length, open, seenAs }
  },

  async stopSteady(): Promise<Answer[]> {
    if (steady === undefined) throw new Error('no steady flow was started')
    clearInterval(steady.timer)
    const { answers } = steady
    steady = undefined
    return Promise.all(answers)
  },
}
