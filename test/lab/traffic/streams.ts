// Long-lived streams of the lab, run by the agent. In: an `echo` server; out: how many bytes came back as
// they were sent. Each stream sends a block with every tick and compares what comes back byte by byte.

import { connect, type Socket } from 'node:net'
import type { StreamState } from './answers.js'

interface Stream {
  readonly socket: Socket
  readonly host: string
  localAddress: string
  seenAs: string
  sent: number
  intact: number
  error?: string
}

let streams: Stream[] = []
let timer: NodeJS.Timeout | undefined

/** The byte at a place of every stream: not periodic in any power of two, so that a lost block shows. */
function byteAt(place: number): number {
  return (place * 31 + (place >>> 8) * 17) % 251
}

function block(from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = byteAt(from + i)
  return bytes
}

function open(host: string, port: number): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const stream: Stream = { socket, host, localAddress: '', seenAs: '', sent: 0, intact: 0 }
    let greeting = ''
    const compare = (chunk: Buffer): void => {
      if (block(stream.intact, chunk.length).equals(chunk)) stream.intact += chunk.length
      else stream.error ??= `other bytes than were sent, after ${stream.intact}`
    }
    const greet = (chunk: Buffer): void => {
      greeting += chunk.toString('latin1')
      if (!greeting.includes('\n')) return
      stream.seenAs = greeting.trim()
      stream.localAddress = socket.localAddress ?? ''
      socket.off('data', greet)
      socket.on('data', compare)
      resolve(stream)
    }
    socket.on('data', greet)
    socket.on('close', () => (stream.error ??= 'closed'))
    socket.on('error', (failure: NodeJS.ErrnoException) => {
      stream.error ??= failure.code ?? failure.message
      reject(failure)
    })
  })
}

function stateOf({ host, localAddress, seenAs, intact, error }: Stream): StreamState {
  return { host, localAddress, seenAs, intact, ...(error === undefined ? {} : { error }) }
}

export const streamClients = {
  /** opens `count` more streams, one after the other, and keeps all sending `bytes` every `every` ms */
  async openStreams({
    host,
    port,
    count,
    bytes = 1000,
    every = 50,
  }: {
    host: string
    port: number
    count: number
    bytes?: number
    every?: number
  }): Promise<StreamState[]> {
    const opened: Stream[] = []
    for (let i = 0; i < count; i++) opened.push(await open(host, port))
    streams.push(...opened)
    timer ??= setInterval(() => {
      for (const stream of streams) {
        // No more than a little is ever under way, so that a slow link is not filled by what is not read.
        if (stream.error !== undefined || stream.sent - stream.intact > 20 * bytes) continue
        stream.socket.write(block(stream.sent, bytes))
        stream.sent += bytes
      }
    }, every)
    return opened.map(stateOf)
  },

  streamStates: (): StreamState[] => streams.map(stateOf),

  /** ends the streams at these places of streamStates(); the others move up */
  dropStreams({ places }: { places: number[] }): void {
    for (const place of places) streams[place]?.socket.destroy()
    streams = streams.filter((_, place) => !places.includes(place))
  },

  /** ends all streams and tells what became of each */
  closeStreams(): StreamState[] {
    clearInterval(timer)
    timer = undefined
    const states = streams.map(stateOf)
    for (const { socket } of streams) socket.destroy()
    streams = []
    return states
  },
}
