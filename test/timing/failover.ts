// Prints how fast a lost link is noticed and left, and what the noticing costs, as a table; part of `npm run measure`.
// In: how many runs of each; out: the table, also in docs/failover.txt.

import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { atRest, carrierLoss, letGo, providerDead, type Row } from './measurements.js'

const file = fileURLToPath(new URL('../../docs/failover.txt', import.meta.url))

function line({ what, unit, values }: Row): string {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (place: number): string => (sorted[place] ?? Number.NaN).toFixed(2).padStart(7)
  const numbers = [Math.floor(sorted.length / 2), 0, sorted.length - 1].map(at).join(' ')
  return `${what.padEnd(88)}${numbers} ${unit}`
}

/** Measures everything, printing each line as it is there. */
export async function printFailover(runs: number): Promise<void> {
  const lines: string[] = []
  const print = (text: string): void => {
    lines.push(text)
    console.log(text)
  }
  print(`${`of ${runs} runs each`.padEnd(88)}${['median', 'min', 'max'].map((word) => word.padStart(7)).join(' ')}`)
  const dead = 'provider dead behind a live gateway: all new connections succeed'
  print(line(await providerDead(`${dead}, by default`, '', runs)))
  print(line(await providerDead(`${dead}, interval = 0.2`, '[check]\ninterval = 0.2\n', runs)))
  print(line(await carrierLoss(runs)))
  for (const row of await letGo(runs)) print(line(row))
  for (const row of await atRest(runs)) print(line(row))
  await writeFile(file, lines.join('\n') + '\n')
}
