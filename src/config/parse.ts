// The text of the config in; a Config, or an AdminError with everything that is wrong with it, out.

import type * as v from 'valibot'
import { AdminError } from '../errors.js'
import { formatNetwork, mergeNetworks } from './addresses.js'
import type { Config } from './config.js'
import { readLinks, type ReadLink } from './links.js'
import { refuseTooMany } from './limits.js'
import { mergePorts } from './ports.js'
import { bypassSchema, keys, linkSchema, topSchema } from './schema.js'
import { formatFindings, type Finding } from './source.js'
import { readTable, refuseUnknown, shown } from './table.js'
import { parseToml } from './toml.js'
import { growTree, type Node } from './tree.js'

/** Reads the config's text; `file` is its name in messages. Throws an AdminError with all errors at once. */
export function parseConfig(text: string, file: string): Config {
  const source = text.replace(/^\ufeff/, '')
  const tree = growTree(source, parseToml(source))
  const findings = [...tree.findings]
  const { root } = tree
  refuseUnknown(root, [...keys.top, 'link', 'bypass'], [], findings)
  const top = readTable(root, topSchema, [], findings)
  const links = readLinks(root.entries.get('link')?.node, source, findings)
  const bypass = readBypass(root.entries.get('bypass')?.node, findings)
  refuseTooMany(root, top, links, findings)
  if (findings.length > 0) throw new AdminError(formatFindings(file, source, findings))
  return buildConfig(file, top as Required<typeof top>, links, bypass as Bypass)
}

type Bypass = v.InferOutput<typeof bypassSchema>

function readBypass(node: Node | undefined, findings: Finding[]): Partial<Bypass> {
  if (node === undefined) return { networks: [], tcp: [], udp: [] }
  if (node.kind !== 'table') {
    findings.push({ at: node.at, message: `bypass${shown(node)} is not a table; it is written [bypass]` })
    return {}
  }
  refuseUnknown(node, keys.bypass, ['bypass'], findings)
  return readTable(node, bypassSchema, ['bypass'], findings)
}

/** All is valid by now: what is left is to put it into its canonical form. */
function buildConfig(
  file: string,
  top: v.InferOutput<typeof topSchema>,
  links: readonly ReadLink[],
  bypass: Bypass,
): Config {
  const named = links.findIndex(({ values }) => values.default)
  return {
    file,
    method: top.method,
    helpers: [...new Set(top.helpers)],
    markMask: top.mark_mask,
    tableBase: top.table_base,
    fallback: top.fallback,
    rulePriority: top.rule_priority,
    links: links.map(({ name, values }, index) => {
      const link = values as v.InferOutput<typeof linkSchema>
      return {
        name,
        weight: link.weight,
        isDefault: index === Math.max(0, named),
        gateway: link.gateway,
        masquerade: link.masquerade,
        networks: mergeNetworks(link.networks).map(formatNetwork),
      }
    }),
    bypass: {
      networks: mergeNetworks(bypass.networks).map(formatNetwork),
      tcp: mergePorts(bypass.tcp),
      udp: mergePorts(bypass.udp),
    },
  }
}
