// A running monitor in a box, with what it says and how often it had the kernel's state made right.

import type { Test } from 'tap'
import { until } from '../../lab/wait.js'
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
  /** waits until it has nothing left to do; fails if that never comes */
  rests(): Promise<void>
  /** SIGTERM, and waits for its end */
  end(): Promise<void>
}

/** Waits until IPv6 has made sure that nobody else has our addresses: the end of that is news of its own. */
export async function addressesSettled(box: Box): Promise<void> {
  await until('no address is tentative', async () => (await box.sh('ip -6 address show tentative')) === '')
}

/** Starts the monitor, waits until it has had its first look, and ends it with the test. */
export async function startMonitor(t: Test, box: Box): Promise<Monitor> {
  await box.sh(`grep -q reconciles /usr/lib/multilink/multilink.sh ||
    sed -i 's|^changed() {|&\\n\\techo run >>/run/reconciles|' /usr/lib/multilink/multilink.sh
    : >/run/reconciles`)
  await addressesSettled(box)
  const id = Number(await box.sh('setsid /usr/lib/multilink/monitor </dev/null >/run/monitor.log 2>&1 & echo $!'))
  const runs = async () => Number(await box.sh('wc -l </run/reconciles'))
  const monitor: Monitor = {
    id,
    runs,
    watchers: async () => {
      const { stdout } = await box.run(`ps -o pid=,comm= --ppid ${id} | awk '/ (ip|mawk)$/ { print $1 }'`)
      return stdout.split('\n').filter(Boolean).map(Number)
    },
    said: () => box.sh('cat /run/monitor.log'),
    rests: async () => {
      // A look at the kernel and the pause before it take less than this.
      await box.sh(`same=0 last=
        while [ $same -lt 4 ]; do
          sleep 0.1
          now="$(wc -l </run/reconciles) $(cat /proc/${id}/task/${id}/children)"
          if [ "$now" = "$last" ]; then same=$((same + 1)); else same=0; fi
          last=$now
        done`)
    },
    end: async () => {
      await box.run(`kill ${id}`)
      await until('the monitor has ended', async () => (await box.run(`kill -0 ${id}`)).code !== 0)
    },
  }
  t.teardown(() => monitor.end())
  await monitor.rests()
  return monitor
}
