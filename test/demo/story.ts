// What happens on the box, in order. In: a lab whose box has the package but nothing up; out: the
// measurements and the rates over time. Prints every command as an admin would type it.

import type { Lab } from '../lab/network.js'
import { linkNames, perLink, readCounters, sumOf } from './counters.js'
import { download, duration, url } from './download.js'
import type { Measurement } from './download.js'
import { configText, interfacesText } from './files.js'
import { beginRates, endRates, say, show, tell } from './progress.js'
import { startRecorder, type Interval, type Recorder } from './recorder.js'
import { resultOf, type Result } from './result.js'
import { megabytes } from './table.js'

export interface Outcome {
  readonly result: Result
  readonly intervals: readonly Interval[]
}

const together = 12

export async function tellStory(lab: Lab): Promise<Outcome> {
  const internet = await lab.agent('internet')
  await internet.call('http', { port: 80 })

  await lab.box.write('/etc/network/interfaces', interfacesText)
  await command(lab, ['ifup', 'lo', ...linkNames])
  await command(lab, ['ip', '-brief', '-4', 'address'])

  const recorder = startRecorder(() => readCounters(lab.box.holder), tell)
  try {
    say(`\nAll three are up. Without multilink the kernel uses one of them:`)
    const before = await measure(lab, recorder, together)
    onlyOver(before, linkNames.slice(0, 1))

    await lab.box.write('/etc/multilink.conf', configText)
    say('')
    await command(lab, ['cat', '/etc/multilink.conf'])
    await command(lab, ['multilink', 'apply'])
    say('\nAs many downloads again:')
    const after = await measure(lab, recorder, together)

    const alone: Record<string, Measurement> = { [linkNames[0] as string]: before }
    for (const name of linkNames.slice(1)) {
      say(`\nWhat ${name} gives alone:`)
      alone[name] = await measure(lab, recorder, together / linkNames.length, name)
      onlyOver(alone[name], [name])
    }
    say('')
    await command(lab, ['multilink', 'status'])
    return { result: resultOf({ before, after, alone }), intervals: recorder.intervals }
  } finally {
    await recorder.stop()
  }
}

/** Shows a command, runs it on the box and shows what it prints. */
async function command(lab: Lab, program: readonly string[]): Promise<void> {
  show(program.join(' '))
  const { stdout, stderr } = await lab.box.run(program)
  for (const text of [stdout, stderr]) if (text.trim() !== '') say(text.trimEnd())
}

async function measure(lab: Lab, recorder: Recorder, count: number, link?: string): Promise<Measurement> {
  show(`curl ${link === undefined ? '' : `--interface ${link} `}${url}   # ${count} at once`)
  beginRates(recorder.now())
  const measurement = await download(lab, recorder, count, link).finally(endRates)
  say(`${megabytes(measurement.received)} MB in ${duration} s`)
  await recorder.quiet() // what still comes belongs to this measurement, not to the next
  return measurement
}

/** What is called one link's rate has to be one link's. */
function onlyOver({ connections }: Measurement, names: readonly string[]): void {
  const elsewhere = sumOf(perLink((name) => (names.includes(name) ? 0 : (connections[name] ?? 0))))
  if (elsewhere === 0) return
  throw new Error(`${elsewhere} connections went over another link than ${names.join(' or ')}`)
}
