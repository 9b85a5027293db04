// Asks the server beyond the links five times a second over each of some flows. usage: ask.mjs NAME…
// A name begins with "tcp" or "udp". Out: in flow.NAME a line for each answer: the address that the server saw; "ended
// WHY" when TCP ends.
import { createSocket } from 'node:dgram'
import { appendFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { clearInterval, setInterval } from 'node:timers'

const far = '198.51.100.1'
const pause = 200

function askTcp(note) {
  let timer
  const end = (why) => {
    clearInterval(timer)
    note(`ended ${why}\n`)
  }
  const socket = connect(7, far, () => (timer = setInterval(() => socket.write('?'), pause)))
  socket.on('data', (answers) => note(String(answers)))
  socket.on('error', ({ code }) => end(code))
  socket.on('end', () => end('closed'))
}

function askUdp(note) {
  const socket = createSocket('udp4')
  socket.on('message', (answer) => note(String(answer)))
  // What is refused while its link is let go of is asked again.
  setInterval(() => socket.send('?', 7, far, () => {}), pause)
}

for (const name of process.argv.slice(2)) {
  const file = `flow.${name}`
  writeFileSync(file, '')
  const note = (text) => appendFileSync(file, text)
  if (name.startsWith('tcp')) askTcp(note)
  else askUdp(note)
}
