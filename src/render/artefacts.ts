// Plan -> artefacts: the rendered set, as pure text. Same plan in, same bytes out.

import { formatPlanJson } from '../plan/format.js'
import { formatMark } from '../plan/marks.js'
import type { Plan } from '../plan/plan.js'
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
  const script = (name: 'boot' | 'changed' | 'if-down' | 'if-up'): Artefact => ({
    path: name,
    mode: 0o755,
    text: renderTemplate(templates[name], settings, quoteShell, { settings: templates.settings }),
  })
  return [
    script('boot'),
    script('changed'),
    script('if-down'),
    script('if-up'),
    { path: 'plan.json', mode: 0o644, text: formatPlanJson(plan) },
    { path: 'rules.nft', mode: 0o644, text: renderRules(plan, templates.rules) },
    { path: 'sysctl.conf', mode: 0o644, text: renderTemplate(templates.sysctl, settings, quoteNothing) },
  ]
}

function settingsView(plan: Plan) {
  return {
    config: commentText(plan.config),
    method: plan.method,
    hash_seed: formatMark(plan.hashSeed),
    probe_table: plan.probe.table,
    probe_nexthop: plan.probe.nexthop,
    modules: modulesFor(plan.helpers).join(' '),
    default_link: plan.links.find((link) => link.isDefault)?.name ?? '',
    links: plan.links.map((link) => ({
      name: link.name,
      mark: formatMark(link.mark),
      table: link.table,
      weight: link.weight,
      gateway: link.gateway,
      probe_nexthop: link.probeNexthop,
    })),
    rules: plan.rules,
  }
}
