// Plan -> artefacts: the rendered set, as pure text. Same plan in, same bytes out.

import { formatPlanJson } from '../plan/format.js'
import { formatMark } from '../plan/marks.js'
import type { Plan, PlannedLink } from '../plan/plan.js'
import { unboundPriority } from '../plan/rules.js'
import { modulesFor } from './helpers.js'
import { commentText, quoteNothing, quoteShell, renderTemplate } from './mustache.js'
import { renderRules } from './rules.js'
import type { Templates } from './templates.js'

export interface Artefact {
  /** name within the generation's folder */
  readonly path: string
  readonly mode: number
  readonly text: string
}

/** The files of one generation, in the order of their names. */
export function renderArtefacts(plan: Plan, templates: Templates): Artefact[] {
  const settings = settingsView(plan)
  const script = (name: 'boot' | 'changed' | 'if-down' | 'if-up' | 'monitor'): Artefact => ({
    path: name,
    mode: 0o755,
    text: renderTemplate(templates[name], settings, quoteShell, { settings: templates.settings }),
  })
  return [
    script('boot'),
    script('changed'),
    script('if-down'),
    script('if-up'),
    script('monitor'),
    { path: 'plan.json', mode: 0o644, text: formatPlanJson(plan) },
    { path: 'rules.nft', mode: 0o644, text: renderRules(plan, templates.rules) },
    { path: 'sysctl.conf', mode: 0o644, text: renderTemplate(templates.sysctl, settings, quoteNothing) },
  ]
}

/** What the scripts are told: each value one word of the shell, `-` for what there is not. */
function settingsView(plan: Plan) {
  const { check, links } = plan
  return {
    config: commentText(plan.config),
    method: plan.method,
    hash_seed: formatMark(plan.hashSeed),
    mask: formatMark(plan.mask),
    probe_table: plan.probe.table,
    probe_nexthop: plan.probe.nexthop,
    common_table: plan.commonTable ?? false,
    unbound_rule: unboundPriority,
    modules: modulesFor(plan.helpers).join(' '),
    default_link: links.find((link) => link.isDefault)?.name ?? '',
    ipv6: plan.ipv6,
    udp_answers: plan.udpAnswers,
    bypass_strict: plan.bypass.strict,
    offload: plan.offload,
    links: links.map((link) => ({
      name: link.name,
      mark: formatMark(link.mark),
      table: link.table,
      weight: link.weight,
      tier: link.tier,
      gateway: link.gateway,
      gateway6: link.gateway6,
      probe_nexthop: link.probeNexthop,
      probe_nexthop6: link.probeNexthop6,
      options: optionsOf(link),
    })),
    rules: plan.rules,
    check_interval: check.interval,
    check_timeout: check.timeout,
    check_down_after: check.downAfter,
    check_up_after: check.upAfter,
    check_quorum: check.quorum,
    check_max_loss: check.maxLoss ?? '-',
    check_max_rtt: check.maxRtt ?? '-',
    checks: links
      .filter((link) => link.check.length > 0)
      .map(({ name, check }) => ({ name, targets: check === 'gateway' ? [check] : check })),
    check_commands: links
      .filter((link) => link.checkCommand !== '')
      .map(({ name, checkCommand }) => ({ name, command: checkCommand })),
  }
}

/** The words that tell a link from one with the defaults. */
function optionsOf(link: PlannedLink): string {
  const options = [
    link.onLoss === 'keep' ? 'keep' : '',
    link.failback === 'all' ? 'failback' : '',
    link.ownDns ? '' : 'nodns',
    link.check.length > 0 || link.checkCommand !== '' ? 'checked' : '',
  ]
  return options.filter((option) => option !== '').join(',') || '-'
}
