// Three links at 150 KB/s: what each gives alone, then what all give together, in the same run.

import t from 'tap'
import { balancedLab, linkNames, ports } from './scenario.js'
import type { Lab } from './network.js'
import { server } from './topology.js'

t.setTimeout(90_000)

const rate = 150_000
const downloads = 12
const size = 180_000

/** Bytes a second that `count` curls at once come to, from the first's start to the last's end. */
async function download(lab: Lab, count: number, over: readonly string[] = []): Promise<number> {
  const url = `http://${server(1)}:${ports.http}/${size}`
  const curl = [
    'curl',
    '--silent',
    '--show-error',
    '--fail',
    '--max-time',
    '30',
    '--output',
    '/dev/null',
    ...over,
    url,
  ]
  const begin = performance.now()
  await Promise.all(Array.from({ length: count }, () => lab.box.run(curl, { timeout: 40_000 })))
  return (count * size * 1000) / (performance.now() - begin)
}

t.test('twelve downloads over three links reach the sum of the links', async (t) => {
  const lab = await balancedLab(t, { rate })
  let sum = 0
  for (const name of linkNames) {
    const alone = await download(lab, downloads / 3, ['--interface', name])
    t.comment(`${name} alone: ${Math.round(alone / 1000)} KB/s`)
    t.ok(alone > 0.8 * rate && alone < 1.05 * rate, `${name} is shaped to ${rate / 1000} KB/s`)
    sum += alone
  }
  const together = await download(lab, downloads)
  t.comment(`together: ${Math.round(together / 1000)} KB/s, ${(together / sum).toFixed(3)} of the sum`)
  t.ok(together >= 0.97 * sum, 'together they give at least 0.97 of the sum')
})
