// What goes wrong at a gateway, as nft rules in its namespace: packets are dropped there and nobody is told. In: all
// that is wrong with the gateway now; what was wrong before is taken back. The counts of foreign sources stay exact.

import { run, within } from './namespaces.js'

export interface Faults {
  /** the gateway answers for itself; nothing passes beyond it, either way, and no error comes back */
  readonly providerDead?: boolean
  /** the gateway has its carrier and does nothing more, not even answer ARP or neighbour discovery */
  readonly gatewayDead?: boolean
  /** percent of the packets that are lost by chance, each way; ARP and neighbour discovery get through */
  readonly loss?: number
  /** addresses beyond that do not answer, over this link only */
  readonly unreachable?: readonly string[]
}

/** Makes these the gateway's faults, in one transaction. */
export async function setFaults(namespace: string, faults: Faults): Promise<void> {
  await run(within(namespace, ['nft', '-f', '-']), { input: rules(faults) })
}

function rules({ providerDead = false, gatewayDead = false, loss = 0, unreachable = [] }: Faults): string {
  const discovery = 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'
  const arriving = [
    gatewayDead && 'drop',
    loss > 0 && `${discovery}\n iifname { "box", "out" } numgen random mod 100 < ${loss} drop`,
  ]
  const beyond = [
    (gatewayDead || providerDead) && 'drop',
    ...unreachable.map((address) => `${address.includes(':') ? 'ip6' : 'ip'} daddr ${address} drop`),
  ]
  // Right after the count of foreign sources at -400, before connection tracking.
  return `
    table inet faults
    delete table inet faults
    table inet faults {
      chain arriving {
        type filter hook prerouting priority -390
        ${lines(arriving)}
      }
      chain beyond {
        type filter hook forward priority -390
        ${lines(beyond)}
      }
      chain leaving {
        type filter hook output priority -390
        ${gatewayDead ? 'oifname "box" drop' : ''}
      }
    }
    table arp faults
    delete table arp faults
    table arp faults {
      chain arriving {
        type filter hook input priority 0
        ${gatewayDead ? 'drop' : ''}
      }
    }`
}

function lines(rules: readonly (string | false)[]): string {
  return rules.filter(Boolean).join('\n')
}
