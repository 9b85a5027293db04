// What a box may have besides multilink: a device with a namespace behind it, as a VPN's or a container's.
// In: the lab and addresses; out: the peer's servers answer. Nothing here is multilink's.

import type { Lab } from './network.js'
import { ports } from './scenario.js'
import { internetNetwork } from './topology.js'

export interface Neighbour {
  /** the box's device */
  readonly device: string
  readonly address: string
  readonly peer: string
  readonly length: number
  /** what the peer answers for besides its own address */
  readonly serves?: string
}

/** Plugs a namespace into the box and starts a `who` server in it. */
export async function plugIn(lab: Lab, neighbour: Neighbour): Promise<`more-${string}`> {
  const { device, address, peer, length, serves = internetNetwork } = neighbour
  const place = `more-${device}` as const
  await lab.add(place)
  const names = ['type', 'veth', 'peer', 'name', device, 'netns', lab.namespace('box')]
  await lab.run(place, ['ip', 'link', 'add', 'up0', ...names])
  await lab.run(place, ['ip', 'address', 'add', `${peer}/${length}`, 'dev', 'up0'])
  await lab.run(place, ['ip', 'link', 'set', 'up0', 'up'])
  await lab.run(place, ['ip', 'route', 'add', 'default', 'via', address, 'dev', 'up0', 'onlink'])
  await lab.run(place, ['ip', 'route', 'add', 'local', serves, 'dev', 'lo'])
  await lab.box.run(['ip', 'address', 'add', `${address}/${length}`, 'dev', device])
  await lab.box.run(['ip', 'link', 'set', device, 'up'])
  await (await lab.agent(place)).call('who', { port: ports.who })
  return place
}

/**
 * A full tunnel as wg-quick sets it up, its rules where the kernel puts them on an otherwise empty machine.
 */
export const fullTunnel = { device: 'wg0', address: '10.200.0.2', peer: '10.200.0.1', length: 24 } as const

export const wgQuick = {
  up: [
    'ip route add default via 10.200.0.1 dev wg0 table 51820',
    'ip rule add priority 32765 not fwmark 51820 table 51820',
    'ip rule add priority 32764 table main suppress_prefixlength 0',
  ],
  // without priorities, as wg-quick itself calls it: then they go before all others
  upFirst: [
    'ip route add default via 10.200.0.1 dev wg0 table 51820',
    'ip rule add not fwmark 51820 table 51820',
    'ip rule add table main suppress_prefixlength 0',
  ],
  down: [
    'ip rule delete table 51820',
    // never multilink's rule of the same words, which carries a protocol
    "ip rule | sed -n '/proto/d; s/:.*main suppress_prefixlength 0.*//p' | xargs ip rule delete priority",
    'ip route flush table 51820',
  ],
}

/** A mesh as Tailscale sets it up: its own network by its table, its own packets (0x80000) by main. */
export const mesh = {
  device: 'tailscale0',
  address: '100.64.0.2',
  peer: '100.64.0.1',
  length: 32,
  serves: '100.100.0.0/16',
} as const

export const tailscale = {
  up: [
    'ip route add 100.64.0.1 dev tailscale0',
    'ip route add 100.64.0.0/10 via 100.64.0.1 dev tailscale0 table 52',
    'ip rule add priority 5210 fwmark 0x80000/0xff0000 table main',
    'ip rule add priority 5230 fwmark 0x80000/0xff0000 table default',
    'ip rule add priority 5250 fwmark 0x80000/0xff0000 unreachable',
    'ip rule add priority 5270 table 52',
  ],
  down: [
    'for priority in 5210 5230 5250 5270; do ip rule delete priority $priority; done',
    'ip route flush table 52',
    'ip route delete 100.64.0.1 dev tailscale0',
  ],
}
