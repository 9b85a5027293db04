// What the multilink on a box notices by itself, and its monitor as a service would run it. In: a box with an applied
// config.

import type { Box } from '../box.js'
import type { Lab } from '../network.js'
import { startProgram, type Program } from '../program.js'
import type { Features } from './model.js'

export async function featuresOf(box: Box): Promise<Features> {
  const { stdout } = await box.sh(`
    [ ! -x /var/lib/multilink/current/monitor ] || echo monitor
    [ ! -e /usr/lib/multilink/prober.sh ] || echo checks
    ! ip -6 rule show | grep -qw 'proto 157' || echo ipv6`)
  const there = stdout.split('\n')
  return { monitor: there.includes('monitor'), checks: there.includes('checks'), ipv6: there.includes('ipv6') }
}

/** Starts the monitor as the service does; it ends with the box. */
export async function startMonitor(lab: Lab): Promise<Program> {
  // nsenter does not pass a signal on.
  const own = '/run/monitor.pid'
  const words = ['sh', '-c', `echo $$ >${own}; exec /usr/lib/multilink/monitor`]
  const monitor = await startProgram(lab.box.enter(words), undefined, () => lab.box.sh(`kill $(cat ${own})`))
  lab.onClose(() => monitor.close())
  return monitor
}
