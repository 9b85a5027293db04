// The text of the config in; a Config, or an AdminError with everything that is wrong with it, out.

import type * as v from 'valibot'
import { AdminError } from '../errors.js'
import type { Config, LinkConfig } from './config.js'
import { refuseConflicts } from './conflicts.js'
import { readLinks, type ReadLink } from './links.js'
import { refuseTooMany } from './limits.js'
import { formatNetwork, mergeNetworks } from './networks.js'
import { mergePorts } from './ports.js'
import { bypassSchema, checkSchema, keys, linkSchema, topSchema } from './schema.js'
import { formatFindings, type Finding } from './source.js'
import { readTable, refuseUnknown, shown } from './table.js'
import { parseToml } from './toml.js'
import { emptyTable, growTree, type Node, type TableNode } from './tree.js'

/** Reads the config's text; `file` is its name in messages. Throws an AdminError with all errors at once. */
export function parseConfig(text: string, file: string): Config {
  const source = text.replace(/^\ufeff/, '')
  const tree = growTree(source, parseToml(source))
  const findings = [...tree.findings]
  const { root } = tree
  refuseUnknown(root, [...keys.top, 'link', 'check', 'bypass'], [], findings)
  const top = readTable(root, topSchema, [], findings)
  const links = readLinks(root.entries.get('link')?.node, source, findings)
  const check = readSection(root, 'check', checkSchema, findings)
  const bypass = readSection(root, 'bypass', bypassSchema, findings)
  refuseTooMany(root, top, links, findings)
  refuseConflicts({ root, top, links, check }, source, findings)
  if (findings.length > 0) throw new AdminError(formatFindings(file, source, findings))
  return buildConfig(file, top as Required<typeof top>, links, check as Check, bypass as Bypass)
}

type Top = v.InferOutput<typeof topSchema>
type Link = v.InferOutput<typeof linkSchema>
type Check = v.InferOutput<typeof checkSchema>
type Bypass = v.InferOutput<typeof bypassSchema>

/** [check] or [bypass]; where there is none, its defaults. */
function readSection<S extends typeof checkSchema | typeof bypassSchema>(
  root: TableNode,
  name: 'check' | 'bypass',
  schema: S,
  findings: Finding[],
): Partial<v.InferOutput<S>> {
  const node = root.entries.get(name)?.node ?? emptyTable
  if (node.kind !== 'table') {
    findings.push({ at: node.at, message: notASection(name, node) })
    return {}
  }
  refuseUnknown(node, keys[name], [name], findings)
  return readTable(node, schema, [name], findings)
}

function notASection(name: 'check' | 'bypass', node: Node): string {
  const ofLink = name === 'check' ? '; what is asked over a link belongs under [link.NAME]' : ''
  return `${name}${shown(node)} is not a table; it is written [${name}]${ofLink}`
}

/** All is valid by now: what is left is to put it into its canonical form. */
function buildConfig(
  file: string,
  top: Top,
  links: readonly ReadLink[],
  check: Check,
  bypass: Bypass,
): Config {
  const built = links.map(({ name, values }) => buildLink(name, values as Link, top))
  const named = links.findIndex(({ values }) => values.default)
  const lowest = Math.min(...built.map(({ tier }) => tier))
  const isDefault = named < 0 ? built.findIndex(({ tier }) => tier === lowest) : named
  return {
    file,
    method: top.method,
    helpers: [...new Set(top.helpers)],
    markMask: top.mark_mask,
    tableBase: top.table_base,
    fallback: top.fallback,
    rulePriority: top.rule_priority,
    udpAnswers: top.udp_answers,
    offload: top.offload,
    check: {
      interval: check.interval,
      downAfter: check.down_after,
      upAfter: check.up_after,
      quorum: check.quorum,
      maxLoss: check.max_loss ?? null,
      maxRtt: check.max_rtt ?? null,
    },
    links: built.map((link, index) => ({ ...link, isDefault: index === isDefault })),
    bypass: {
      networks: mergeNetworks(bypass.networks).map(formatNetwork),
      tcp: mergePorts(bypass.tcp),
      udp: mergePorts(bypass.udp),
      strict: bypass.strict,
    },
  }
}

function buildLink(name: string, link: Link, top: Top): LinkConfig {
  const ipv6 = link.ipv6 ?? top.ipv6
  return {
    name,
    weight: link.weight,
    isDefault: false,
    gateway: link.gateway,
    gateway6: ipv6 ? link.gateway6 : 'none',
    ipv6,
    masquerade: link.masquerade,
    networks: mergeNetworks(link.networks).map(formatNetwork),
    ownDns: link.own_dns ?? top.own_dns,
    tier: link.tier ?? (link.backup ? 1 : 0),
    failback: link.failback,
    onLoss: link.on_loss,
    check: link.check === 'gateway' ? 'gateway' : [...new Set(link.check)],
    checkCommand: link.check_command ?? '',
  }
}
