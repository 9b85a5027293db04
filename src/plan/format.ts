// The plan as people and programs read it: `multilink plan`, `plan --json`, plan.json.

import type { PortRange } from '../config/config.js'
import { formatMark } from './marks.js'
import type { Plan, PlannedCheck, PlannedLink } from './plan.js'

/** Of an old terminal, and of a telephone held sideways. */
const columns = 80

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

/**
 * The plan for an admin: a block a link, then slots, bypass, checks, and rules with their reasons; 80 columns if it can
 * be. Of the keys that most leave alone only those that differ from their defaults are shown.
 */
export function formatPlan(plan: Plan): string {
  if (plan.links.length === 0) return `${plan.config} defines no link: nothing is to be changed.\n`
  const { networks, tcp, udp, strict } = plan.bypass
  const bypass = [
    ...networks,
    ...tcp.map((range) => `tcp/${formatPorts(range)}`),
    ...udp.map((range) => `udp/${formatPorts(range)}`),
  ]
  return [
    `method ${plan.method}, mask ${formatMark(plan.mask)}, helpers ${plan.helpers.join(' ') || 'none'}`,
    ...(plan.udpAnswers ? [] : ['udp_answers no']),
    ...(plan.offload ? ['offload yes'] : []),
    '',
    ...plan.links.flatMap(describeLink),
    '',
    `slots  ${abbreviate(plan.slots)}`,
    ...list('bypass', bypass.length > 0 ? bypass : ['nothing']),
    ...(strict ? ['       strict: unreachable while the default link is out'] : []),
    ...(plan.links.some(isChecked) ? list('check ', describeCheck(plan.check), ', ') : []),
    '',
    'ip rules',
    ...plan.rules.flatMap((rule) => [
      `  ${rule.priority}: ${rule.selector && `${rule.selector} `}${rule.action.replace('lookup 254', 'lookup main')}`,
      `      ${rule.why}`,
    ]),
    '',
  ].join('\n')
}

function describeLink(link: PlannedLink): string[] {
  const roles = [...(link.isDefault ? ['default'] : []), ...(link.tier > 0 ? [`tier ${link.tier}`] : [])]
  const options = [
    ...(link.onLoss === 'end' ? [] : [`on_loss ${link.onLoss}`]),
    ...(link.failback === 'new' ? [] : [`failback ${link.failback}`]),
    ...(link.ownDns ? [] : ['own_dns no']),
  ]
  const targets = link.check === 'gateway' ? [link.check] : link.check
  return [
    `${link.name}${roles.length > 0 ? ` (${roles.join(', ')})` : ''}`,
    `  mark ${formatMark(link.mark)}  table ${link.table}  weight ${link.weight}  share ${percent(link.share)}`,
    `  gateway ${link.gateway}  masquerade ${link.masquerade ? 'yes' : 'no'}`,
    ...(link.ipv6 ? [] : ['  ipv6 no']),
    ...(link.ipv6 && link.gateway6 !== 'auto' ? [`  gateway6 ${link.gateway6}`] : []),
    ...(link.networks.length > 0 ? list('  networks', link.networks) : []),
    ...(options.length > 0 ? [`  ${options.join('  ')}`] : []),
    ...(targets.length > 0 ? list('  check', targets) : []),
    ...(link.checkCommand === '' ? [] : [`  check_command ${link.checkCommand}`]),
  ]
}

function isChecked(link: PlannedLink): boolean {
  return link.check.length > 0 || link.checkCommand !== ''
}

function describeCheck(check: PlannedCheck): string[] {
  const rounds = (count: number) => `${count} round${count === 1 ? '' : 's'}`
  return [
    `every ${check.interval} s`,
    `timeout ${check.timeout} s`,
    `out after ${rounds(check.downAfter)}`,
    `back after ${rounds(check.upAfter)}`,
    `quorum ${check.quorum}`,
    ...(check.maxLoss === null ? [] : [`max_loss ${check.maxLoss}%`]),
    ...(check.maxRtt === null ? [] : [`max_rtt ${check.maxRtt} ms`]),
  ]
}

/** A label and its items, as many to a line as there is room for; further lines begin below the first item. */
function list(label: string, items: readonly string[], separator = ' '): string[] {
  const lines: string[] = []
  items.forEach((item, index) => {
    const text = index < items.length - 1 ? `${item}${separator.trimEnd()}` : item
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + text.length <= columns) lines[lines.length - 1] = `${last} ${text}`
    else lines.push(`${last === undefined ? label : ' '.repeat(label.length)} ${text}`)
  })
  return lines
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}

function abbreviate(slots: readonly string[]): string {
  const shown = slots.slice(0, 12).join(' ')
  return slots.length > 12 ? `${shown} … (${slots.length} in all)` : shown
}
