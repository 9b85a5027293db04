// In: a Status. Out: the sentences above the table: whether multilink runs, and what to do if it does not.

import type { Status } from './status.js'
import { formatTime } from './units.js'

/** One sentence a line; the first says plainly whether connections are balanced. */
export function renderHeading(status: Status): string[] {
  const byDefault = status.links.find((link) => link.default)
  return [
    describeState(status),
    ...(status.configNewer ? [`${status.config} was changed since: 'multilink apply' puts it to use`] : []),
    ...(status.loaded && byDefault ? [`bypassed traffic: ${byDefault.name}`] : []),
  ]
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
