// What the box's processes cost. In: a box; out: processor time and memory. Only what runs in the box counts: the lab's
// traffic programs do not.

import type { Box } from '../box.js'

/** Seconds of processor time that everything in the box has used so far, what has ended included. */
export async function processorSeconds(box: Box): Promise<number> {
  // utime, stime and those of children that were waited for: fields 14 to 17 of proc(5)'s stat, after the name in
  // brackets, in ticks of 1/100 s. This command itself runs in the box too; it is of a few milliseconds.
  const { stdout } = await box.sh("cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^.*) //'")
  const ticks = stdout.split('\n').map((line) => {
    const fields = line.split(' ').slice(11, 15).map(Number)
    return fields.reduce((sum, field) => sum + field, 0)
  })
  return ticks.reduce((sum, each) => sum + each, 0) / 100
}

export interface Memory {
  /** kilobytes: resident, and with what is shared between processes divided among them */
  readonly rss: number
  readonly pss: number
  /** their command lines */
  readonly commands: readonly string[]
}

/** Memory of all processes that descend from one in the box, that one included. */
export async function memoryOf(box: Box, id: number): Promise<Memory> {
  const { stdout } = await box.sh(`
    family() {
      echo "$1"
      for child in $(cat /proc/$1/task/*/children 2>/dev/null); do family $child; done
    }
    for id in $(family ${id}); do
      [ -r /proc/$id/smaps_rollup ] || continue
      awk '/^Rss:/ { rss = $2 } /^Pss:/ { pss = $2 } END { printf "%d %d ", rss, pss }' /proc/$id/smaps_rollup
      tr '\\0' ' ' </proc/$id/cmdline
      echo
    done`)
  const lines = stdout.split('\n').map((line) => /^(\d+) (\d+) (.*)$/.exec(line))
  const found = lines.flatMap((match) => (match === null ? [] : [match]))
  return {
    rss: found.reduce((sum, [, rss]) => sum + Number(rss), 0),
    pss: found.reduce((sum, [, , pss]) => sum + Number(pss), 0),
    commands: found.map(([, , , command]) => command ?? ''),
  }
}
