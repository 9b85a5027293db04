// A running monitor in a box, with what it says and how often it had the kernel's state made right.

import { join } from 'node:path'
import type { Test } from 'tap'
import { until } from '../../lab/wait.js'
import { project } from '../../program.js'
import type { Box } from './box.js'

export interface Monitor {
  /** process id of the shell */
  readonly id: number
  /** ids of `ip monitor` and of the filter, as long as they run */
  watchers(): Promise<number[]>
  /** everything it has said */
  said(): Promise<string>
  /** how often it has run `changed` */
  runs(): Promise<number>
  /** waits until the kernel has told it everything and it has nothing left to do; fails if that never comes */
  rests(): Promise<void>
  /** SIGTERM, and waits for its end */
  end(): Promise<void>
}

const rest = `python3 ${join(project, 'test/kernel/hooks/rest.py')}`

/** Waits until the kernel has nothing more to tell of what was done: carriers noticed, addresses found to be ours. */
export async function kernelRests(box: Box): Promise<void> {
  await box.sh(rest)
}

/** Starts the monitor, waits until it has had its first look, and ends it with the test. */
export async function startMonitor(t: Test, box: Box): Promise<Monitor> {
  await box.sh(`grep -q reconciles /usr/lib/multilink/multilink.sh ||
    sed -i 's|^changed() {|&\\n\\tcase $0 in */changed) echo run >>/run/reconciles ;; esac|' \\
      /usr/lib/multilink/multilink.sh
    : >/run/reconciles`)
  await kernelRests(box)
  const id = Number(await box.sh('setsid /usr/lib/multilink/monitor </dev/null >/run/monitor.log 2>&1 & echo $!'))
  const isThere = async () => (await box.run(`grep -qs multilink /proc/${id}/cmdline`)).code === 0
  const monitor: Monitor = {
    id,
    runs: async () => Number(await box.sh('wc -l </run/reconciles')),
    watchers: async () => {
      const watcher = '/^ *[0-9]+ (ip .* monitor |mawk .*\\/monitor\\.awk)/'
      const { stdout } = await box.run(`ps -ww -o pid=,args= --ppid ${id} | awk '${watcher} { print $1 }'`)
      return stdout.split('\n').filter(Boolean).map(Number)
    },
    said: () => box.sh('cat /run/monitor.log'),
    rests: async () => {
      await box.sh(`${rest} ${id}`)
    },
    end: async () => {
      if (!(await isThere())) return
      await box.run(`kill ${id}`)
      await until('the monitor has ended', async () => !(await isThere()))
    },
  }
  t.teardown(() => monitor.end())
  await monitor.rests()
  return monitor
}
