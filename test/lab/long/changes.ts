// Makes a change of model.ts happen in a lab, the way it happens to a real machine. In: the lab, the change and the
// state after it. Nothing here waits for multilink.

import type { Lab } from '../network.js'
import type { DhcpServer, Offer } from '../leases/dhcp-server.js'
import { links, stanza, type LabLink } from '../topology.js'
import { gatewayInConfig, leasedLink, type Change, type LinkState, type State } from './model.js'

/** The two addresses of a link's gateway, in each family. */
export function gatewaysOf(link: LabLink): readonly [{ v4: string; v6: string }, { v4: string; v6: string }] {
  const other = link.gateway.replace(/\d+$/, '254')
  return [
    { v4: link.gateway, v6: link.gateway6 },
    { v4: other, v6: 'fe80::9' },
  ]
}

/** Stanzas of links whose default routes stand side by side in main: a metric for all but the first. */
export function stanzaWithMetric(link: LabLink): string {
  if (link.name === 'eth0' || link.name === gatewayInConfig) return stanza(link.name, 'static')
  const metric = `    metric ${metricOf(link).v4}\n`
  const [, v6] = stanza(link.name, 'static').split(/(?=^iface .* inet6)/m)
  return `iface ${link.name} inet dhcp\n${metric}${v6}    gateway ${link.gateway6}\n${metric}`
}

/** As ifupdown sets them: IPv6 routes without one get 1024 from the kernel. */
function metricOf(link: LabLink): { v4: number; v6: number } {
  return link.name === 'eth0' ? { v4: 0, v6: 1024 } : { v4: 2000, v6: 2000 }
}

/** What the DHCP server of a link gives: its address, for seconds, and the gateway of the state. */
export function offerOf(link: LabLink, state: LinkState): Offer {
  return { options: [`3,${gatewaysOf(link)[state.gateway].v4}`] }
}

/**
 * dhclient's pace: a lease ends 10 s after the server has, and is renewed so early that also a busy machine comes in
 * time. (dnsmasq itself gives none under two minutes.)
 */
export const dhclientPace = `
timeout 1;
retry 1;
initial-interval 1;
backoff-cutoff 1;
supersede dhcp-lease-time 10;
supersede dhcp-renewal-time 1;
supersede dhcp-rebinding-time 8;
`

/** The config: the gateway of one link is in it; a dead provider is noticed by checks, if there are any. */
export function configFor(state: State, checks: boolean): string {
  const tables = links.map((link) => {
    const { v4, v6 } = gatewaysOf(link)[(state[link.name] as LinkState).gateway]
    const lines = [`[link.${link.name}]`]
    if (link.name === gatewayInConfig) lines.push(`gateway = "${v4}"`, `gateway6 = "${v6}"`)
    if (checks) lines.push('check = ["198.51.100.1", "2001:db8:ffff::1"]')
    return lines.join('\n')
  })
  return [...tables, ''].join('\n\n')
}

/** Gives each gateway its second addresses; IPv6 ones are lost with the cable. */
export async function addOtherGateways(lab: Lab, link: LabLink): Promise<void> {
  const [, other] = gatewaysOf(link)
  const add = `ip addr replace ${other.v4}/${link.length} dev box; ip addr replace ${other.v6}/64 dev box`
  await lab.run(`gw-${link.name}`, ['sh', '-c', add])
}

/** What the box's ifupdown or DHCP client would set: addresses and main's default routes of a link, as far as there. */
function settings(link: LabLink, state: LinkState): string[] {
  const { v4, v6 } = gatewaysOf(link)[state.gateway]
  const metric = metricOf(link)
  const routes = link.name !== gatewayInConfig
  const set = []
  const static4 = state.address4 && !state.dhcp
  if (static4) set.push(`ip addr replace ${link.address}/${link.length} dev ${link.name}`)
  if (state.address6) set.push(`ip addr replace ${link.address6}/64 dev ${link.name}`)
  if (static4 && routes) {
    set.push(`ip route replace default via ${v4} dev ${link.name} metric ${metric.v4} onlink`)
  }
  // Not `replace`, which takes any other link's route of the same metric for the one to replace.
  if (state.address6 && routes) {
    set.push(
      `ip -6 route delete default dev ${link.name} metric ${metric.v6} 2>/dev/null || :`,
      `ip -6 route add default via ${v6} dev ${link.name} metric ${metric.v6}`,
    )
  }
  return set
}

/** Makes the change; `state` is the one after it, `server` that of the link with a DHCP client. */
export async function make(
  { lab, server, checks }: { lab: Lab; server: DhcpServer; checks: boolean },
  { link: name, what }: Change,
  state: State,
): Promise<void> {
  const link = links.find((candidate) => candidate.name === name) as LabLink
  const now = state[name] as LinkState
  const { box } = lab
  switch (what) {
    case 'lease':
      await (now.lease ? server.start(offerOf(link, now)) : server.stop())
      return
    case 'up':
      if (name === leasedLink && now.lease) await server.offer(offerOf(link, now))
      await box.run([now.up ? 'ifup' : 'ifdown', '--force', name])
      return
    case 'carrier':
      await lab.cable(name, now.carrier)
      if (now.carrier) await addOtherGateways(lab, link)
      return
    case 'provider':
      await (now.provider ? lab.revive(name) : lab.kill(name))
      return
    case 'gateway':
      if (name === gatewayInConfig) {
        await box.write('/etc/multilink.conf', configFor(state, checks))
        await box.run(['multilink', 'apply'])
        return
      }
      if (name === leasedLink && now.lease) await server.offer(offerOf(link, now))
      if (now.device) await box.sh(settings(link, now).join('\n'))
      return
    case 'device':
      await box.run(['ip', 'link', 'set', name, now.device ? 'up' : 'down'])
      if (now.device) await box.sh(settings(link, now).join('\n'))
      return
    case 'address4':
      await box.sh(now.address4 ? settings(link, now).join('\n') : `ip -4 addr flush dev ${name}`)
      return
    case 'address6':
      await box.sh(now.address6 ? settings(link, now).join('\n') : `ip -6 addr flush dev ${name} scope global`)
      return
  }
}
