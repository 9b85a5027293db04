// Makes a link slow to answer: what the internet sends towards it is kept for a while by delay.py. In: the internet's
// namespace, the link, milliseconds; out: a way to take that back.

import { fileURLToPath } from 'node:url'
import { ipBatch, run, within } from './namespaces.js'
import { startProgram } from './program.js'
import type { LabLink } from './topology.js'

const relay = fileURLToPath(new URL('delay.py', import.meta.url))

/** Round trips over the link take `milliseconds` longer, in both families, until the function returned is called. */
export async function startDelay(
  internet: string,
  link: LabLink,
  milliseconds: number,
  v6: boolean,
): Promise<() => Promise<void>> {
  const device = `slow-${link.name}`
  const number = String(1000 + Number.parseInt(link.mac.split(':')[4] as string, 16))
  const program = await startProgram(
    within(internet, ['/usr/bin/python3', relay, device, String(milliseconds)]),
    'ready',
  )
  // What comes back out of the device is from the internet's own addresses, which the kernel lets in with accept_local.
  const accept = `net.ipv4.conf.${device}.accept_local=1`
  await run(within(internet, ['sysctl', '-q', '-w', accept, `net.ipv4.conf.${device}.rp_filter=0`]))
  const dev = `dev gw-${link.name}`
  const rule = (verb: 'add' | 'delete'): string => `rule ${verb} priority ${number} iif ${device} lookup ${number}`
  await ipBatch(
    [
      `link set ${device} up`,
      `route add default via ${link.publicAddress} ${dev} table ${number}`,
      rule('add'),
      `route add ${link.publicAddress}/32 dev ${device}`,
    ],
    internet,
  )
  if (v6) {
    const there = `route add default via fe80::2 ${dev} table ${number}`
    await ipBatch([there, rule('add'), `route add ${link.network6} dev ${device} metric 1`], internet, '-6')
  }
  return async () => {
    // Routes into the device go with it, and it with the program.
    await program.close()
    for (const family of v6 ? (['-4', '-6'] as const) : (['-4'] as const)) {
      await ipBatch([rule('delete'), `route flush table ${number}`], internet, family)
    }
  }
}
