// Clients of the lab, run by the agent: single questions to a `who` server, many of them, a steady flow, UDP.
// In: where to, the family being that of the address; out: for each the address it was seen as, or how it failed, and
// when.

import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import type { Answer, Ask } from './answers.js'

function ask({ host, port, localAddress, timeout = 5000 }: Ask): Promise<Answer> {
  const at = Date.now()
  const begin = performance.now()
  return new Promise((resolve) => {
    const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) })
    let text = ''
    const finish = (error?: string): void => {
      clearTimeout(limit)
      socket.destroy()
      const took = performance.now() - begin
      resolve(error === undefined ? { host, at, took, seenAs: text.trim() } : { host, at, took, error })
    }
    const limit = setTimeout(() => finish('ETIMEDOUT (by the client)'), timeout)
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('end', () => finish(text.endsWith('\n') ? undefined : 'cut short'))
    socket.on('error', (failure: NodeJS.ErrnoException) => finish(failure.code ?? failure.message))
  })
}

function askUdp(question: Ask & { localPort?: number }): Promise<Answer> {
  const { host, port, localAddress, localPort = 0, timeout = 5000 } = question
  const at = Date.now()
  const begin = performance.now()
  return new Promise((resolve) => {
    const v6 = isIPv6(host)
    const socket = createSocket(v6 ? 'udp6' : 'udp4')
    const finish = (result: { seenAs: string } | { error: string }): void => {
      clearTimeout(limit)
      socket.close()
      resolve({ host, at, took: performance.now() - begin, ...result })
    }
    const limit = setTimeout(() => finish({ error: 'ETIMEDOUT (by the client)' }), timeout)
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
}
let steady: Steady | undefined

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

  /** begins to ask `perSecond` questions a second, whatever becomes of the earlier ones */
  startSteady({ hosts, perSecond, ...rest }: Flow & { perSecond: number }): void {
    const answers: Promise<Answer>[] = []
    const timer = setInterval(() => {
      answers.push(ask({ host: hosts[answers.length % hosts.length] as string, ...rest }))
    }, 1000 / perSecond)
    steady = { timer, answers }
  },

  async stopSteady(): Promise<Answer[]> {
    if (steady === undefined) throw new Error('no steady flow was started')
    clearInterval(steady.timer)
    const { answers } = steady
    steady = undefined
    return Promise.all(answers)
  },
}
