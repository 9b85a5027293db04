// A good config, damaged in every place in turn: it is accepted or refused with positions, never a stack trace.

import t from 'tap'
import { parseConfig } from '../../../src/config/parse.js'
import { AdminError } from '../../../src/errors.js'

const good = `method = "hash"
mark_mask = 0xff00
[link.eth0]
default = true # é
gateway = "192.0.2.1"
[link."eth0.10"]
networks = ["10.8.0.0/16",
  "192.0.2.9"]
check = ["2001:db8::1"]
check_command = "a"
tier = 1
[check]
interval = 0.5
[bypass]
tcp = [21, "60-69"]
`
/** What is put at each place, or, for undefined, taken from it. */
const damages = [
  undefined, '"', "'", '[', ']', '=', '\n', '#', '.', '{', '\\', ',', 'x', '0', ' ', '"""', '\u0000', '\ud800',
]

t.test('damage anywhere gives messages with positions within the file', async (t) => {
  let refused = 0
  for (let place = 0; place <= good.length; place++) {
    for (const damage of damages) {
      const text = good.slice(0, place) + (damage ?? '') + good.slice(damage === undefined ? place + 1 : place)
      const failure = failureOf(text)
      if (failure === undefined) continue
      refused++
      if (!(failure instanceof AdminError) || !failure.lines.every((line) => isWithin(line, text))) {
        t.fail(`damage ${JSON.stringify(damage)} at ${place}`, { failure, text })
      }
    }
  }
  t.ok(refused > 1000, `${refused} refused`)
})

t.test('keys and tables that are there many times are each reported once', async (t) => {
  const failure = failureOf('[link.a]\nweight = 1\n'.repeat(8) + '[b]\n[b]\n[b]\n')
  t.type(failure, AdminError)
  const lines = (failure as AdminError).lines.map((line) => Number(line.split(':')[1]))
  t.same(lines, [3, 5, 7, 9, 11, 13, 15, 17, 18, 19])
})

t.test('a file that is no config at all is refused at once', async (t) => {
  t.type(failureOf('<?xml?>\n'.repeat(5000)), AdminError)
  t.type(failureOf('a\n'.repeat(5000)), AdminError)
  t.type(failureOf('a = 1\n'.repeat(500)), AdminError)
  t.type(failureOf('link = {}\n[link.a]\n'), AdminError)
  t.type(failureOf('bypass.tcp = [1]\n[bypass]\nudp = [2]\n'), AdminError)
})

function failureOf(text: string): unknown {
  try {
    parseConfig(text, 'f')
    return undefined
  } catch (error) {
    return error
  }
}

function isWithin(message: string, text: string): boolean {
  const [, line, column] = /^f:(\d+):(\d+): \S/.exec(message) ?? []
  const source = text.split('\n')[Number(line) - 1]
  return source !== undefined && Number(column) >= 1 && Number(column) <= source.length + 1
}
