// What multilink leaves in the box's kernel, as text: for tests that compare two states byte for byte.

import type { Box } from './box.js'

/**
 * Shell: what follows it sees the box between two runs of multilink. In the middle of one, routes can be there already
 * for which the nft table is not.
 */
export const betweenRuns = '[ ! -d /run/multilink ] || { exec 9>>/run/multilink/.lock; flock 9; }'

/** What the commands print, each under a heading. */
async function listBetweenRuns(box: Box, commands: readonly string[]): Promise<string> {
  const script = [betweenRuns, ...commands.map((command) => `echo "# ${command}"; ${command}`)].join('\n')
  return (await box.sh(script, { reject: false })).stdout
}

/** Ruleset (without counters), rules and routes of both families of the box, and the records of its links. */
export function kernelState(box: Box): Promise<string> {
  const commands = [
    'nft --stateless list ruleset',
    'ip rule',
    'ip -6 rule',
    'ip -4 route show table all',
    // The kernel's own come and go with what it finds out by itself; 157 is multilink's protocol.
    'ip -6 route show table all proto 157',
    'cd /run/multilink 2>/dev/null && grep -r . --exclude-dir=".*" . | sort',
    'grep . /proc/sys/net/ipv4/conf/*/rp_filter',
  ]
  return listBetweenRuns(box, commands)
}

/**
 * What multilink made in the box's kernel and nothing else, for labs where the rest changes by itself: its table, rules
 * and routes of both families, and the links' reverse path filters.
 */
export function ownState(box: Box): Promise<string> {
  const commands = [
    'nft --stateless list table inet multilink',
    ...['-4', '-6'].flatMap((family) => [
      `ip ${family} rule show | grep -w 'proto 157'`,
      // Without what the kernel adds when there is no carrier, and addresses that are kept for what carries them.
      `ip ${family} route show table all proto 157 | grep -v 'dev lo table local' |
        sed 's/ *\\(linkdown\\|dead\\|pref medium\\) *$//' | sort`,
    ]),
    'grep . /proc/sys/net/ipv4/conf/*/rp_filter',
  ]
  return listBetweenRuns(box, commands)
}

/** Runs a hook as ifupdown does, for an interface that stays as it is. */
export function hook(phase: 'up' | 'down', name: string, gateway?: string): string[] {
  const environment = [
    `IFACE=${name}`,
    `LOGICAL=${name}`,
    'ADDRFAM=inet',
    'METHOD=static',
    'VERBOSITY=0',
    phase === 'up' ? 'MODE=start' : 'MODE=stop',
    phase === 'up' ? 'PHASE=post-up' : 'PHASE=pre-down',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...(gateway === undefined ? [] : [`IF_GATEWAY=${gateway}`]),
  ]
  return ['env', '-i', ...environment, `/etc/network/if-${phase}.d/multilink`]
}
