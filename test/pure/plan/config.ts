// For tests of the plan: a Config with the defaults and whatever a test cares about.

import type { Config, LinkConfig } from '../../../src/config/config.js'

/** A link as the defaults make it. */
export function linkNamed(name: string, more: Partial<LinkConfig> = {}): LinkConfig {
  return {
    name,
    weight: 1,
    isDefault: false,
    gateway: 'auto',
    gateway6: 'auto',
    ipv6: true,
    masquerade: true,
    networks: [],
    ownDns: true,
    tier: 0,
    failback: 'new',
    onLoss: 'end',
    check: [],
    checkCommand: '',
    ...more,
  }
}

/** A config of `links`, the first of which is the default. */
export function configOf(links: readonly LinkConfig[], more: Partial<Config> = {}): Config {
  return {
    file: '/etc/multilink.conf',
    method: 'nth',
    helpers: ['ftp'],
    markMask: 0xff000000,
    tableBase: 1000,
    fallback: true,
    rulePriority: 1100,
    udpAnswers: true,
    offload: false,
    check: { interval: 0.5, downAfter: 3, upAfter: 5, quorum: 1, maxLoss: null, maxRtt: null },
    links: links.map((link, index) => ({ ...link, isDefault: index === 0 })),
    bypass: { networks: [], tcp: [], udp: [], strict: false },
    ...more,
  }
}
