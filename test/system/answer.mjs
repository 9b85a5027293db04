// The server beyond the links. Port 80 answers each connection with the address it came from, port 7 whatever comes
// over a connection or as a datagram.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

createServer((socket) => {
  socket.on('error', () => {}) // a box that reboots resets what it had
  socket.end(`${socket.remoteAddress}\n`)
}).listen(80, '0.0.0.0')

createServer((socket) => {
  socket.on('error', () => {})
  socket.on('data', () => socket.write(`${socket.remoteAddress}\n`))
}).listen(7, '0.0.0.0')

const datagrams = createSocket('udp4')
datagrams.on('message', (_, { address, port }) => datagrams.send(`${address}\n`, port, address))
datagrams.bind(7, '198.51.100.1')
