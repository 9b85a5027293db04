// Measurement 5: what more links cost multilink. In the counting machine: instructions a connection and a packet, the
// kernel's memory, and what an apply, a hook and a lost link's going take, in instructions too.

import { loads, measureCosts } from './costs.js'
import { lower, named, raise } from './contenders.js'
import type { Machine } from './machine/machine.js'

export interface Scale {
  readonly links: number
  readonly what: string
  readonly value: number
  readonly unit: 'ms' | 'MB' | 'of 3 links'
}

const counts = [3, 30, 200]

/** Kernel memory in use, in bytes: slab, vmalloc and per-CPU. */
async function kernelMemory(machine: Machine): Promise<number> {
  const sum = `awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { sum += $2 } END { print sum * 1024 }' /proc/meminfo`
  return Number(await machine.run(sum))
}

/** Milliseconds of the machine's time, a million instructions each, that a command in the lab's box takes. */
async function timed(machine: Machine, lab: string, command: string): Promise<number> {
  const said = await machine.run(`
    now() { awk '/^cpu / { print ($2 + $3 + $4 + $6 + $7 + $8) * 10 }' /proc/stat; }
    begin=$(now)
    /bench/lab box ${lab} ${command} >/run/said 2>&1 || { cat /run/said; exit 1; }
    echo $(($(now) - begin))`)
  return Number(said)
}

export async function measureScale(
  machine: Machine,
  rounds: number,
  random: (end: number) => number,
): Promise<Scale[]> {
  const [nth] = named('nth')
  if (nth === undefined) throw new Error('nth is no contender')
  const labs = new Map<number, string>()
  const results: Scale[] = []
  for (const links of counts) {
    const lab = `nth-${links}`
    labs.set(links, lab)
    await raise(machine, nth, lab, links)
    const note = (what: string, value: number, unit: Scale['unit']): void => {
      results.push({ links, what, value, unit })
    }
    const config = `sh -c 'sed -i "s/weight = 1$/weight = 2/; t; s/weight = 2$/weight = 1/" /etc/multilink.conf'`
    await machine.run(`/bench/lab box ${lab} ${config}`)
    note('apply of other weights', await timed(machine, lab, 'multilink apply'), 'ms')
    const hook = `env IFACE=eth1 LOGICAL=eth1 ADDRFAM=inet METHOD=static MODE=start PHASE=post-up`
    note('a hook', await timed(machine, lab, `${hook} /etc/network/if-up.d/multilink`), 'ms')
    await machine.run(`ip -n ${lab}-far link set eth1 down`)
    note('a run after a loss', await timed(machine, lab, '/var/lib/multilink/current/changed'), 'ms')
    await machine.run(`ip -n ${lab}-far link set eth1 up`)
    await timed(machine, lab, '/var/lib/multilink/current/changed')
    const loaded = await kernelMemory(machine)
    await machine.run(`/bench/lab box ${lab} multilink stop`)
    note('memory in the kernel', (loaded - (await kernelMemory(machine))) / 1e6, 'MB')
    await machine.run(`/bench/lab box ${lab} multilink apply`)
  }
  const costs = await measureCosts(machine, [...labs.values()], loads, rounds, random)
  for (const { load, contender, ratio } of costs) {
    const links = counts.find((count) => labs.get(count) === contender) ?? 0
    const title = loads.find(({ name }) => name === load)?.title ?? load
    results.push({ links, what: title, value: ratio.median, unit: 'of 3 links' })
  }
  for (const lab of labs.values()) await lower(machine, lab)
  return results
}
