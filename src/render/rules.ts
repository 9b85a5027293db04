// Plan -> rules.nft.

import type { Family } from '../config/addresses.js'
import { familyOf, ofFamily } from '../plan/families.js'
import { formatPorts } from '../plan/format.js'
import { formatMark } from '../plan/marks.js'
import type { Plan, PlannedLink } from '../plan/plan.js'
import { helpersFor } from './helpers.js'
import { commentText, quoteNft, renderTemplate, withLast } from './mustache.js'

/** A prober runs in this group plus its link's number (hooks/lib/health.sh). */
const probersGroup = 65000

/** The nft table of a plan, every link out; without links, nothing. */
export function renderRules(plan: Plan, template: string): string {
  const helpers = helpersFor(plan.helpers)
  const networks = plan.links.flatMap((link) => link.networks.map((network) => ({ network, link: link.name })))
  const networksOf = (family: Family) => withLast(networks.filter(({ network }) => familyOf(network) === family))
  const bypassNetworksOf = (family: Family) =>
    withLast(ofFamily(plan.bypass.networks, family).map((network) => ({ network })))
  const checked = plan.links.filter((link) => link.check.length > 0 || link.checkCommand !== '')
  const open = plan.links.filter((link) => !link.masquerade)
  const withoutIPv6 = plan.links.filter((link) => !link.ipv6)
  const view = {
    config: commentText(plan.config),
    mask: formatMark(plan.mask),
    not_mask: formatMark(~plan.mask),
    probe_mark: formatMark(plan.probe.mark),
    probe_nexthop: plan.probe.nexthop,
    ipv6: plan.ipv6,
    udp_answers: plan.udpAnswers,
    offload: plan.offload,
    has_links: plan.links.length > 0,
    names: quotedNames(plan.links),
    count: plan.links.length,
    some_open: open.length > 0,
    open_names: quotedNames(open),
    links: withLast(
      plan.links.map((link) => ({
        name: link.name,
        mark: formatMark(link.mark),
        table: link.table,
        probe_nexthop: link.probeNexthop,
        ipv6: link.ipv6,
        moves: link.failback === 'all',
      })),
    ),
    links6: withLast(
      plan.links
        .filter((link) => link.ipv6)
        .map((link) => ({ name: link.name, mark: formatMark(link.mark), probe_nexthop6: link.probeNexthop6 })),
    ),
    has_checks: checked.length > 0,
    checked: withLast(
      checked.map(({ name, number, mark }) => ({ name, mark: formatMark(mark), group: probersGroup + number })),
    ),
    some_without_ipv6: withoutIPv6.length > 0,
    names_without_ipv6: quotedNames(withoutIPv6),
    failback: plan.links.some((link) => link.failback === 'all'),
    // Without it a socket bound to the device finds no gateway in main.
    fallback: plan.fallback,
    has_helpers: helpers.length > 0,
    helpers,
    has_networks: networksOf(4).length > 0,
    networks: networksOf(4),
    has_networks6: networksOf(6).length > 0,
    networks6: networksOf(6),
    has_bypass_networks: bypassNetworksOf(4).length > 0,
    bypass_networks: bypassNetworksOf(4),
    has_bypass_networks6: bypassNetworksOf(6).length > 0,
    bypass_networks6: bypassNetworksOf(6),
    bypass_strict: plan.bypass.strict,
    has_bypass_tcp: plan.bypass.tcp.length > 0,
    bypass_tcp: plan.bypass.tcp.map(formatPorts).join(', '),
    has_bypass_udp: plan.bypass.udp.length > 0,
    bypass_udp: plan.bypass.udp.map(formatPorts).join(', '),
  }
  return renderTemplate(template, view, quoteNft)
}

function quotedNames(links: readonly PlannedLink[]): string {
  return links.map((link) => `"${quoteNft(link.name)}"`).join(', ')
}
