// In: a Status. Out: the sentences above the table: whether multilink runs, and what to do if it does not.

import { hasIpv6ToShow } from './rows.js'
import type { Status } from './status.js'
import { formatTime } from './units.js'

/** One sentence a line; the first says plainly whether connections are balanced. */
export function renderHeading(status: Status): string[] {
  return [
    describeState(status),
    ...(status.configNewer ? [`${status.config} was changed since: 'multilink apply' puts it to use`] : []),
    ...(status.loaded && status.links.length > 0 ? describeRunning(status) : []),
  ]
}

function describeRunning(status: Status): string[] {
  const { links, monitor, offload } = status
  return [
    ...(monitor ? [] : ["the monitor does not run: dead links go unnoticed; run 'service multilink start'"]),
    ...(offload === false ? ['nothing is offloaded: this kernel has no flowtables'] : []),
    ...(links.some(({ state, ipv6 }) => state === 'up' || ipv6?.state === 'up') ? [] : ['no link is usable']),
    describeBypass(status),
  ]
}

function describeBypass({ bypass, links }: Status): string {
  const four = nameTaker(bypass.ipv4, (name) => links.some((link) => link.name === name && link.state === 'up'))
  const six = nameTaker(bypass.ipv6, (name) => links.some((link) => link.name === name && link.ipv6?.state === 'up'))
  return `bypassed traffic: ${four}${hasIpv6ToShow(links) && six !== four ? `; IPv6: ${six}` : ''}`
}

function nameTaker(name: string | null, isUp: (name: string) => boolean): string {
  if (name === null) return 'no link'
  return isUp(name) ? name : `${name}, which is out`
}

function describeState({ loaded, stopped, generation, config, links, method, since }: Status): string {
  if (config === null) {
    const todo = "describe the links in /etc/multilink.conf, then run 'multilink apply'"
    return `not running: nothing was ever applied; ${todo}`
  }
  const of = generation === null ? '' : `, generation ${generation}`
  if (loaded) return `running: ${method}${since === null ? '' : ` since ${formatTime(since)}`}${of}`
  if (links.length === 0) return `not running: ${config} as applied defines no link`
  if (stopped) return "not running: it was stopped; 'multilink apply' starts it"
  return "not running: its nft table is not loaded; 'multilink apply' loads it"
}
