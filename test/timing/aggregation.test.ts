// Twelve downloads over three links: each link carries a third of all bytes, so that together they give the sum of what
// each can. How near the sum they come in time is measured, not asserted: `npm run demo`, `npm run measure`.

import t from 'tap'
import { balancedLab, linkNames, ports } from '../lab/scenario.js'
import type { Lab } from '../lab/network.js'
import { server } from '../lab/topology.js'

const rate = 150_000
const downloads = 12
const size = 180_000

/** Downloads `count` files at once, and fails with curl's words if one fails. */
async function download(lab: Lab, count: number): Promise<void> {
  const url = `http://${server(1)}:${ports.http}/${size}`
  const quietly = ['--silent', '--show-error', '--fail', '--output', '/dev/null']
  await Promise.all(
    Array.from({ length: count }, () => lab.box.run(['curl', ...quietly, url])),
  )
}

t.test('twelve downloads over three links: each carries a third', async (t) => {
  const lab = await balancedLab(t, { rate })
  const before = await Promise.all(linkNames.map((name) => lab.bytes(name)))
  const begin = performance.now()
  await download(lab, downloads)
  const together = (downloads * size * 1000) / (performance.now() - begin)
  t.comment(`together: ${Math.round(together / 1000)} KB/s over three links of ${rate / 1000} KB/s`)
  for (const [index, name] of linkNames.entries()) {
    const carried = (await lab.bytes(name)).toBox - (before[index]?.toBox ?? 0)
    const files = carried / size
    t.comment(`${name} carried ${files.toFixed(2)} files`)
    // Headers add 5%; a lost packet that is sent again counts twice.
    t.ok(files >= 4 && files < 4.9, `${name} carried four of the twelve downloads`)
  }
})
