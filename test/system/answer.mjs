// The server beyond the links: answers each connection with the address it came from.
import { createServer } from 'node:net'

createServer((socket) => {
  socket.on('error', () => {}) // a box that reboots resets what it had
  socket.end(`${socket.remoteAddress}\n`)
}).listen(80, '0.0.0.0')
