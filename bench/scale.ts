// Measurement 5: what more links cost multilink. In the counting machine: instructions a connection and a packet, and
// the kernel's memory. On this machine, in real time: an apply, a hook, and what follows a loss
// (test/kernel/hooks/measure).

import { lower, named, raise } from './contenders.js'
import { loads, measureCosts } from './costs.js'
import type { Machine } from './machine/machine.js'
import { run } from '../test/lab/namespaces.js'

export interface Scale {
  readonly links: number
  readonly what: string
  readonly value: number
  readonly unit: 'ms' | 'MB' | 'of 3 links'
}

const counts = [3, 30, 200]
const rounds = 3
const scaled = loads.filter(({ name }) => ['own', 'forwarded', 'bulk1-segments', 'datagrams'].includes(name))

/** Kernel memory in use, in bytes: slab, vmalloc and per-CPU. */
async function kernelMemory(machine: Machine): Promise<number> {
  const sum = `awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { sum += $2 } END { print sum * 1024 }' /proc/meminfo`
  return Number(await machine.run(sum))
}

/** What of the kernel's memory is free again once multilink has stopped, in MB. */
async function memoryOf(machine: Machine, lab: string): Promise<number> {
  const loaded = await kernelMemory(machine)
  await machine.run(`/bench/lab box ${lab} multilink stop`)
  return (loaded - (await kernelMemory(machine))) / 1e6
}

/** The kernel keeps what it found of each link's routes: of many links a round would count some that are new to it. */
async function useEachLink(machine: Machine, lab: string, links: number): Promise<void> {
  for (const place of ['box', 'lan']) {
    await machine.run(`/bench/measure ${lab} ${place} connect ${2 * links} >/dev/null`)
  }
}

export async function measureScale(machine: Machine, random: (end: number) => number): Promise<Scale[]> {
  const [nth] = named('nth')
  if (nth === undefined) throw new Error('nth is no contender')
  const labs = counts.map((links) => `nth-${links}`)
  for (const [i, lab] of labs.entries()) {
    await raise(machine, nth, lab, counts[i])
    await useEachLink(machine, lab, counts[i] ?? 0)
  }
  const results: Scale[] = []
  for (const { load, contender, ratio } of await measureCosts(machine, labs, scaled, rounds, random)) {
    const what = loads.find(({ name }) => name === load)?.title ?? load
    results.push({ links: counts[labs.indexOf(contender)] ?? 0, what, value: ratio.median, unit: 'of 3 links' })
  }
  for (const [i, lab] of labs.entries()) {
    const value = await memoryOf(machine, lab)
    results.push({ links: counts[i] ?? 0, what: 'memory in the kernel', value, unit: 'MB' })
    await lower(machine, lab)
  }
  return results
}

/** Lines "what: 12 ms (10 to 15)" of test/kernel/hooks/measure. */
export function timesOf(said: string): { what: string; milliseconds: number }[] {
  return [...said.matchAll(/^(.+): (\d+) ms \(/gm)].map(([, what = '', number]) => ({
    what,
    milliseconds: Number(number),
  }))
}

export async function measureTimes(): Promise<Scale[]> {
  const results: Scale[] = []
  for (const links of counts) {
    const measure = new URL('../test/kernel/hooks/measure', import.meta.url).pathname
    const { stdout } = await run([measure, String(links), '5'], { timeout: 300_000 })
    const times = timesOf(stdout)
    if (times.length === 0) throw new Error(`test/kernel/hooks/measure said ${stdout}`)
    for (const { what, milliseconds } of times) results.push({ links, what, value: milliseconds, unit: 'ms' })
  }
  return results
}
