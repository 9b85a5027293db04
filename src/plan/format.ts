// The plan as people and programs read it: `multilink plan`, `plan --json`, plan.json.

import type { PortRange } from '../config/config.js'
import { formatMark } from './marks.js'
import type { Plan } from './plan.js'

/** plan.json: marks and the mask as "0x01000000", everything else as in Plan; stable order, ends in a newline. */
export function formatPlanJson(plan: Plan): string {
  const json = {
    ...plan,
    mask: formatMark(plan.mask),
    probe: { ...plan.probe, mark: formatMark(plan.probe.mark) },
    hashSeed: formatMark(plan.hashSeed),
    links: plan.links.map((link) => ({ ...link, mark: formatMark(link.mark) })),
  }
  return `${JSON.stringify(json, null, 2)}\n`
}

/** "22" or "6660-6669". */
export function formatPorts(range: PortRange): string {
  return range.first === range.last ? String(range.first) : `${range.first}-${range.last}`
}

/** The plan for an admin: a block a link, then slots, bypass and rules with their reasons; 80 columns if it can be. */
export function formatPlan(plan: Plan): string {
  if (plan.links.length === 0) return `${plan.config} defines no link: nothing is to be changed.\n`
  const links = plan.links.flatMap((link) => [
    `${link.name}${link.isDefault ? ' (default)' : ''}`,
    `  mark ${formatMark(link.mark)}  table ${link.table}  weight ${link.weight}  share ${percent(link.share)}`,
    `  gateway ${link.gateway}  masquerade ${link.masquerade ? 'yes' : 'no'}`,
    ...(link.networks.length > 0 ? [`  networks ${link.networks.join(' ')}`] : []),
  ])
  const { networks, tcp, udp } = plan.bypass
  const bypass = [
    ...networks,
    ...tcp.map((range) => `tcp/${formatPorts(range)}`),
    ...udp.map((range) => `udp/${formatPorts(range)}`),
  ]
  return [
    `method ${plan.method}, mask ${formatMark(plan.mask)}, helpers ${plan.helpers.join(' ') || 'none'}`,
    '',
    ...links,
    '',
    `slots  ${abbreviate(plan.slots)}`,
    `bypass ${bypass.join(' ') || 'nothing'}`,
    '',
    'ip rules',
    ...plan.rules.flatMap((rule) => [
      `  ${rule.priority}: ${rule.selector && `${rule.selector} `}${rule.action.replace('lookup 254', 'lookup main')}`,
      `      ${rule.why}`,
    ]),
    '',
  ].join('\n')
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}

function abbreviate(slots: readonly string[]): string {
  const shown = slots.slice(0, 12).join(' ')
  return slots.length > 12 ? `${shown} … (${slots.length} in all)` : shown
}
