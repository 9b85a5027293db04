// What each key may hold, one schema a table. Messages continue "KEY VALUE ": "weight 300 is too large; …".

import * as v from 'valibot'
import { helperNames } from './config.js'
import { readGateway, readGateway6 } from './gateway.js'
import { choice, notA, oneOf, reading, seconds, text, whole } from './kinds.js'
import { readNetwork } from './networks.js'
import { bounds, linksOfMask, linksOfTables, runLength } from './numbering.js'
import { portAllowed, readPorts } from './ports.js'
import { checkAllowed, notTargets, readCommand, readTarget, readWholeCheck } from './targets.js'

const weight = 'a weight is a whole number from 0 to 255'
const mask = 'a mask is one run of 2 to 32 bits, such as 0xff000000'
const table = `a table_base is a whole number from 1 to 250, or from 256 to ${bounds.table.most}`
const priority = `a rule_priority is a whole number from ${bounds.priority.least} to ${bounds.priority.most}`
const helpers = `helpers are ${helperNames.join(', ')}`
const ports = 'ports are a list such as [22, "6660-6669"]'
const networks = 'networks are a list of texts such as ["10.8.0.0/16"]'
const tier = 'a tier is a whole number from 0 to 9'
const failback = 'failback is "new" or "all"'
const onLoss = 'on_loss is "end" or "keep"'
const command = 'a check_command is the text of a command line for sh'
const interval = 'an interval is a number of seconds from 0.1 to 3600'

const rounds = (key: string) => whole(1, 100, `${key} is a whole number of rounds from 1 to 100`)
const port = v.pipe(v.union([v.bigint(), v.string()], notA('text', portAllowed)), reading(readPorts))
const portList = v.optional(v.array(port, notA('text', ports)), [])
const networkList = v.optional(v.array(text(readNetwork, networks), notA('text', networks)), [])
const targetList = v.pipe(
  v.array(text(readTarget, checkAllowed), notTargets),
  v.minLength(1, `is empty; ${checkAllowed}, and a link without the key is not checked`),
)

/** The keys before the first table. */
export const topSchema = v.object({
  method: v.optional(oneOf(['nth', 'random', 'hash'], 'methods are nth, random, hash'), 'nth'),
  helpers: v.optional(
    v.array(oneOf(helperNames, helpers), notA('text', `${helpers}, in a list: ["ftp"]`)),
    ['ftp'],
  ),
  ipv6: v.optional(choice('ipv6'), true),
  own_dns: v.optional(choice('own_dns'), true),
  udp_answers: v.optional(choice('udp_answers'), true),
  offload: v.optional(choice('offload'), false),
  mark_mask: v.optional(
    v.pipe(
      whole(1, 0xffffffff, mask),
      v.check((value) => runLength(value) !== undefined, `has a gap between its bits; ${mask}`),
      v.check((value) => linksOfMask(value) !== 0, `has only one bit; ${mask}`),
    ),
    0xff000000n,
  ),
  table_base: v.optional(
    v.pipe(
      whole(bounds.table.least, bounds.table.most, table),
      v.check((value) => linksOfTables(value) > 0, `runs into the kernel's own tables, 252 to 255; ${table}`),
    ),
    1000n,
  ),
  fallback: v.optional(choice('fallback'), true),
  rule_priority: v.optional(whole(bounds.priority.least, bounds.priority.most, priority), 1100n),
})

/** The keys of a [link.NAME]. Without a default here: what the top says, or another key. */
export const linkSchema = v.object({
  weight: v.optional(whole(0, 255, weight), 1n),
  default: v.optional(choice('default'), false),
  gateway: v.optional(text(readGateway, 'a gateway is "auto" or an IPv4 address in quotes'), 'auto'),
  gateway6: v.optional(text(readGateway6, 'a gateway6 is "auto" or an IPv6 address in quotes'), 'auto'),
  ipv6: v.optional(choice('ipv6')),
  masquerade: v.optional(choice('masquerade'), true),
  networks: networkList,
  own_dns: v.optional(choice('own_dns')),
  backup: v.optional(choice('backup'), false),
  tier: v.optional(whole(0, 9, tier)),
  failback: v.optional(oneOf(['new', 'all'], failback), 'new'),
  on_loss: v.optional(oneOf(['end', 'keep'], onLoss), 'end'),
  check: v.optional(
    v.lazy((input) => (typeof input === 'string' ? text(readWholeCheck, checkAllowed) : targetList)),
  ),
  check_command: v.optional(text(readCommand, command)),
})

/** The keys of [check]: how the links that have a check are checked. */
export const checkSchema = v.object({
  interval: v.optional(seconds(0.1, 3600, interval), 0.5),
  down_after: v.optional(rounds('down_after'), 3n),
  up_after: v.optional(rounds('up_after'), 5n),
  quorum: v.optional(whole(1, 100, 'a quorum is a whole number of targets from 1 to 100'), 1n),
  max_loss: v.optional(whole(1, 100, 'a max_loss is a whole number of percent from 1 to 100')),
  max_rtt: v.optional(whole(1, 60000, 'a max_rtt is a whole number of milliseconds from 1 to 60000')),
})

/** The keys of [bypass]. */
export const bypassSchema = v.object({
  networks: networkList,
  tcp: portList,
  udp: portList,
  strict: v.optional(choice('strict'), false),
})

/** The keys of each table, in the order people read them. */
export const keys = {
  top: Object.keys(topSchema.entries),
  link: Object.keys(linkSchema.entries),
  check: Object.keys(checkSchema.entries),
  bypass: Object.keys(bypassSchema.entries),
} as const
