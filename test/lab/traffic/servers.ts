// Servers of the lab, run by the agent. In: ports; out: who came, in order. `who` tells each client the
// address it is seen as and ends; `echo` tells it too, on a first line, and then sends everything back;
// `http` serves GET /BYTES.

import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { answerLength, type Heard } from './answers.js'

const heard = new Map<string, Heard[]>()
const open = new Set<Server | Datagrams>()

function record(key: string, from = '', to = ''): void {
  const list = heard.get(key) ?? []
  list.push({ from, to })
  heard.set(key, list)
}

async function listen(server: Server, port: number): Promise<void> {
  open.add(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: '0.0.0.0', backlog: 1024 }, resolve)
  })
}

export const servers = {
  async who({ port }: { port: number }): Promise<void> {
    const server = createServer((socket) => {
      record(`tcp ${port}`, socket.remoteAddress, socket.localAddress)
      socket.on('error', () => undefined)
      socket.end(`${socket.remoteAddress}\n`)
      socket.resume()
    })
    await listen(server, port)
  },

  async echo({ port }: { port: number }): Promise<void> {
    const server = createServer((socket) => {
      record(`tcp ${port}`, socket.remoteAddress, socket.localAddress)
      socket.on('error', () => undefined)
      socket.write(`${socket.remoteAddress}\n`)
      socket.pipe(socket)
    })
    await listen(server, port)
  },

  async http({ port }: { port: number }): Promise<void> {
    const block = Buffer.alloc(64 * 1024, 'multilink ')
    const server = createHttpServer((request, response) => {
      record(`tcp ${port}`, request.socket.remoteAddress, request.socket.localAddress)
      if (request.url === '/who') return void response.end(`${request.socket.remoteAddress}\n`)
      let left = Number(request.url?.slice(1) ?? 0)
      response.writeHead(200, { 'content-length': left })
      const send = (): void => {
        while (left > 0) {
          const part = block.subarray(0, Math.min(left, block.length))
          left -= part.length
          if (!response.write(part)) return void response.once('drain', send)
        }
        response.end()
      }
      send()
    })
    await listen(server, port)
  },

  /** one socket an address: an answer has to come from where the question went */
  async whoUdp({ port, hosts }: { port: number; hosts: string[] }): Promise<void> {
    for (const host of hosts) {
      const socket = createSocket('udp4')
      open.add(socket)
      socket.on('message', (_, from) => {
        record(`udp ${port}`, from.address, host)
        socket.send(from.address.padEnd(answerLength - 1) + '\n', from.port, from.address)
      })
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.bind(port, host, resolve)
      })
    }
  },

  heard({ port, protocol = 'tcp' }: { port: number; protocol?: 'tcp' | 'udp' }): Heard[] {
    return heard.get(`${protocol} ${port}`) ?? []
  },

  heardCount({ port, protocol = 'tcp' }: { port: number; protocol?: 'tcp' | 'udp' }): number {
    return servers.heard({ port, protocol }).length
  },

  forget(): void {
    heard.clear()
  },
}
