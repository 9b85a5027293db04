// Servers of the lab, run by the agent. In: ports; out: who came, in order. `who` tells each client the
// address it is seen as and ends; `echo` tells it too, on a first line, and then sends everything back;
// `http` serves GET /BYTES.

import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { answerLength, type Heard } from './answers.js'

const heard = new Map<string, Heard[]>()
const open = new Set<Server | Datagrams>()

function record(key: string, from = '', to = ''): void {
  const list = heard.get(key) ?? []
  list.push({ from, to })
  heard.set(key, list)
}

/** In both families, with a socket each: on one for both, IPv4 addresses would look like ::ffff:192.0.2.1. */
async function listen(make: () => Server, port: number): Promise<void> {
  for (const host of ['0.0.0.0', '::']) {
    const server = make()
    open.add(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host, ipv6Only: true, backlog: 1024 }, resolve)
    })
  }
}

export const servers = {
  async who({ port }: { port: number }): Promise<void> {
    const answer = (socket: Socket): void => {
      record(`tcp ${port}`, socket.remoteAddress, socket.localAddress)
      socket.on('error', () => undefined)
      socket.end(`${socket.remoteAddress}\n`)
      socket.resume()
    }
    await listen(() => createServer(answer), port)
  },

  async echo({ port }: { port: number }): Promise<void> {
    const answer = (socket: Socket): void => {
      record(`tcp ${port}`, socket.remoteAddress, socket.localAddress)
      socket.on('error', () => undefined)
      socket.write(`${socket.remoteAddress}\n`)
      socket.pipe(socket)
    }
    await listen(() => createServer(answer), port)
  },

  async http({ port }: { port: number }): Promise<void> {
    const block = Buffer.alloc(64 * 1024, 'multilink ')
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
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
    }
    await listen(() => createHttpServer(answer), port)
  },

  /** one socket an address: an answer has to come from where the question went */
  async whoUdp({ port, hosts }: { port: number; hosts: string[] }): Promise<void> {
    for (const host of hosts) {
      const socket = isIPv6(host) ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4')
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
