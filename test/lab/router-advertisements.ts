// Router advertisements of a lab's gateway: dnsmasq, that and nothing else. In: the gateway's namespace and its link;
// out: a way to end them. The box then makes itself an address by SLAAC and routes over fe80::1.

import { within } from './namespaces.js'
import { startProgram } from './program.js'
import type { LabLink } from './topology.js'

/** Begins to advertise; ends when the function returned is called. */
export async function startAdvertising(gateway: string, link: LabLink): Promise<() => Promise<void>> {
  const prefix = link.network6.replace('/64', '')
  const program = await startProgram(
    within(gateway, [
      ...['dnsmasq', '--conf-file=/dev/null', '--keep-in-foreground', '--log-facility=-', '--log-dhcp'],
      ...['--port=0', '--interface=box', '--leasefile-ro', '--pid-file=', '--user=root', '--enable-ra'],
      `--dhcp-range=${prefix},ra-only,64,10m`,
      // every 5 s, believed for a minute: the box hears of a change soon
      '--ra-param=box,5,60',
    ]),
    'router advertisement on',
  )
  return () => program.close()
}
