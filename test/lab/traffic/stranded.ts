// Connections and flows that a link's loss strands, run by the agent. In: where to; out: over which link each goes, and
// what became of it and when, in ms of Date.now(), which all programs of a machine share.

import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { connect, createServer, isIPv6, type Socket } from 'node:net'

/** A connection that waits for bytes that never come, as a stalled download does. */
export interface WaitingState {
  /** the address the server saw it come from; of one that came in, the address it came from */
  readonly seenAs: string
  /** its own port here */
  readonly port: number
  /** bytes that it was sent since it is open */
  received: number
  error?: string
  at?: number
}

/** A flow of datagrams, each of which a `who` server answers. */
export interface FlowState {
  readonly port: number
  /** how many answers it had */
  answered: number
  /** every change of what it is seen as, or of the error that sending gave */
  readonly changes: { readonly at: number; readonly seenAs?: string; readonly error?: string }[]
  sent: number
}

let waiting: { socket: Socket; state: WaitingState }[] = []
let flows: { socket: Datagrams; state: FlowState; timer: NodeJS.Timeout }[] = []

function watch(socket: Socket, seenAs: string): WaitingState {
  const state: WaitingState = { seenAs, port: socket.localPort ?? 0, received: 0 }
  const note = (error: string): void => {
    if (state.error !== undefined) return
    state.error = error
    state.at = Date.now()
  }
  socket.on('error', (failure: NodeJS.ErrnoException) => note(failure.code ?? failure.message))
  socket.on('close', () => note('closed'))
  socket.on('data', (chunk: Buffer) => (state.received += chunk.length))
  waiting.push({ socket, state })
  return state
}

/** Connects to an `echo` server and reads its greeting. */
function open(host: string, port: number, localAddress?: string): Promise<WaitingState> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) })
    let greeting = ''
    const greet = (chunk: Buffer): void => {
      greeting += chunk.toString('latin1')
      if (!greeting.includes('\n')) return
      socket.off('data', greet)
      socket.off('error', reject)
      resolve(watch(socket, greeting.trim()))
    }
    socket.on('data', greet)
    socket.on('error', reject)
  })
}

export const strandedClients = {
  /** opens `count` more connections to an `echo` server, `parallel` at a time, that then only wait */
  async openWaiting(options: {
    host: string
    port: number
    count: number
    parallel?: number
    localAddress?: string
  }): Promise<WaitingState[]> {
    const { host, port, count, parallel = 1, localAddress } = options
    const opened: WaitingState[] = []
    let left = count
    const worker = async (): Promise<void> => {
      while (left-- > 0) opened.push(await open(host, port, localAddress))
    }
    await Promise.all(Array.from({ length: parallel }, worker))
    return opened
  },

  /** accepts connections that then only wait; a first line tells each who it is */
  async acceptWaiting({ port }: { port: number }): Promise<void> {
    const server = createServer((socket) => {
      watch(socket, socket.remoteAddress ?? '')
      socket.write(`${socket.remoteAddress}\n`)
      socket.resume()
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: '::', backlog: 1024 }, resolve)
    })
  },

  waitingStates: (): WaitingState[] => waiting.map(({ state }) => state),

  /** writes a byte on every connection that is still there */
  writeWaiting(): void {
    for (const { socket, state } of waiting) if (state.error === undefined) socket.write('x')
  },

  /** ends them all and tells what became of each */
  closeWaiting(): WaitingState[] {
    const states = waiting.map(({ state }) => ({ ...state }))
    for (const { socket } of waiting) socket.destroy()
    waiting = []
    return states
  },

  /** begins `count` more flows to a `who` server; a connected socket keeps its source address */
  async startFlows(options: {
    host: string
    port: number
    count: number
    every?: number
    connected?: boolean
  }): Promise<void> {
    const { host, port, count, every = 20, connected = false } = options
    for (let i = 0; i < count; i++) {
      const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
      await new Promise<void>((resolve) => {
        if (connected) socket.connect(port, host, resolve)
        else socket.bind(0, resolve)
      })
      const state: FlowState = { port: socket.address().port, answered: 0, changes: [], sent: 0 }
      const note = (change: { seenAs?: string; error?: string }): void => {
        const last = state.changes.at(-1)
        if (last?.seenAs === change.seenAs && last?.error === change.error) return
        state.changes.push({ at: Date.now(), ...change })
      }
      const fail = (failure: NodeJS.ErrnoException | null): void => {
        if (failure !== null) note({ error: failure.code ?? failure.message })
      }
      socket.on('message', (text) => {
        state.answered++
        note({ seenAs: text.toString().trim() })
      })
      socket.on('error', fail)
      const send = (): void => {
        state.sent++
        if (connected) socket.send('who', fail)
        else socket.send('who', port, host, fail)
      }
      send()
      flows.push({ socket, state, timer: setInterval(send, every) })
    }
  },

  flowStates: (): FlowState[] => flows.map(({ state }) => state),

  stopFlows(): FlowState[] {
    const states = flows.map(({ state }) => state)
    for (const { socket, timer } of flows) {
      clearInterval(timer)
      socket.close()
    }
    flows = []
    return states
  },

  /** a server that sends to whoever asked last, all the time, what it is seen as */
  async pourUdp({ port, host, every = 2 }: { port: number; host: string; every?: number }): Promise<void> {
    const socket = createSocket('udp4')
    const asked = new Map<number, string>()
    socket.on('message', (_, from) => asked.set(from.port, from.address))
    await new Promise<void>((resolve) => socket.bind(port, host, resolve))
    setInterval(() => {
      for (const [to, address] of asked) socket.send(address, to, address)
    }, every)
  },
}
