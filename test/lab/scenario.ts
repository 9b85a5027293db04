// What most lab tests begin with: a lab whose box has the .deb, a config, its links up, and servers beyond.
// In: a tap test and what is special; out: the lab, closed (and its gateways' counts of foreign sources
// asserted) when the test ends.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Agent } from './agent-client.js'
import { raiseNetwork, type CloseOptions, type Lab, type LabOptions } from './network.js'
import { lan, links, linkSeenAs, server, server6, stanza, type Family, type V6 } from './topology.js'
import type { FlowState } from './traffic/stranded.js'
import { until } from './wait.js'

/** Ports of the servers beyond: each tells who came, see traffic/servers.ts. */
export const ports = { who: 7000, echo: 7001, http: 80 } as const

export const linkNames = links.map((link) => link.name)

/** The package under test; `npm run deb` builds it. */
export const deb =
  process.env.MULTILINK_DEB ?? fileURLToPath(new URL('../../dist/multilink.deb', import.meta.url))

export interface ConfigOptions {
  readonly method?: 'nth' | 'random' | 'hash'
  /** of eth0, eth1 and rausb0 */
  readonly weights?: readonly number[]
  /** top-level lines, before the links */
  readonly top?: string
  /** lines of every link */
  readonly every?: string
  /** what follows the last link's lines: more keys of it, other tables */
  readonly more?: string
  /** links that name no gateway although ifupdown does not know one either */
  readonly withoutGateway?: readonly string[]
  /** as the lab's; static addresses need a gateway that ifupdown knows, as eth0's, or that is in the config */
  readonly v6?: V6
}

/** /etc/multilink.conf for the how-to's links. */
export function configOf(options: ConfigOptions = {}): string {
  const { method = 'nth', weights = [1, 1, 1], top = '', every = '', more = '', withoutGateway = [], v6 } = options
  const tables = links.map(({ name, gateway, gateway6 }, i) => {
    const known = name === 'eth0' || withoutGateway.includes(name)
    const lines = [`[link.${name}]`, `weight = ${weights[i] ?? 1}`]
    if (!known) lines.push(`gateway = "${gateway}"`)
    if (!known && v6 === 'static') lines.push(`gateway6 = "${gateway6}"`)
    return [...lines, every].join('\n')
  })
  return [`method = "${method}"`, top, ...tables, more, ''].join('\n')
}

/** The config without one of its links. */
export function withoutLink(config: string, name: string): string {
  return config.replace(new RegExp(`\\[link\\.${name}\\][^[]*`), '')
}

export interface Scenario extends LabOptions, ConfigOptions {
  /** interfaces that are brought up after the first apply */
  readonly up?: readonly string[]
}

/** Raises the lab, installs and applies, brings the interfaces up and starts the servers. */
export async function balancedLab(
  t: Test,
  scenario: Scenario = {},
  closing: CloseOptions = {},
): Promise<Lab> {
  const lab = await labOf(t, { deb, ...scenario }, closing)
  await configure(lab, scenario)
  await lab.box.run(['ifup', ...(scenario.up ?? [...linkNames, lan.device])])
  return lab
}

/** Raises the lab with the servers beyond and the stanzas written, but nothing up. */
export async function labOf(t: Test, options: LabOptions = {}, closing: CloseOptions = {}): Promise<Lab> {
  if (options.deb !== undefined && !existsSync(options.deb)) {
    throw new Error(`${options.deb} is missing: npm run deb builds it`)
  }
  const lab = await raiseNetwork(options)
  t.teardown(() => lab.close(closing))
  for (const name of [...linkNames, lan.device]) {
    await lab.box.write(`/etc/network/interfaces.d/${name}`, stanza(name, lab.v6))
  }
  await lab.box.run(['ifup', 'lo'])
  const internet = await lab.agent('internet')
  await internet.call('who', { port: ports.who })
  const hosts = [server(1), server(2), ...(lab.v6 === undefined ? [] : [server6(1), server6(2)])]
  await internet.call('whoUdp', { port: ports.who, hosts })
  await internet.call('echo', { port: ports.echo })
  await internet.call('http', { port: ports.http })
  return lab
}

/** Writes the config and applies it. */
export async function configure(lab: Lab, options: ConfigOptions): Promise<void> {
  await lab.box.write('/etc/multilink.conf', configOf({ v6: lab.v6, ...options }))
  await lab.box.run(['multilink', 'apply'])
}

/** How many of the answers came over each link; failures count under their error. */
export function tally(answers: readonly { seenAs?: string; error?: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { seenAs, error } of answers) {
    const key = seenAs === undefined ? (error ?? 'no answer') : linkSeenAs(seenAs)
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

/** The link of each answer, in order; throws at the first failure. */
export function linksOf(answers: readonly { seenAs?: string; error?: string }[]): string[] {
  return answers.map(({ seenAs, error }) => {
    if (seenAs === undefined) throw new Error(`a connection failed: ${error}`)
    return linkSeenAs(seenAs)
  })
}

/** Shell that has what is recorded acted on. */
export const changed = '/var/lib/multilink/current/changed'

/** Shell that records what the prober of a link would once its checks fail. */
export const checksFail = (name: string, family: Family = 4): string =>
  `echo 'down no answer' >/run/multilink/.health${family}/${name}`

/** Shell that takes that back. */
export const checksPass = (name: string, family: Family = 4): string => `rm /run/multilink/.health${family}/${name}`

/** Writes on every waiting connection that is there, and waits until each has its echo or an error. */
export async function echoWaiting(agent: Agent): Promise<void> {
  const before = await agent.call('waitingStates')
  await agent.call('writeWaiting')
  await until('what was written is echoed, or an error', async () =>
    (await agent.call('waitingStates')).every(
      ({ error, received }, i) => error !== undefined || received > (before[i]?.received ?? 0),
    ),
  )
}

/** Waits until every flow has had an answer, to a question that it asks from now on. */
export async function answerFlows(agent: Agent): Promise<void> {
  const before = await agent.call('flowStates')
  // Two: the first may be to a question that was under way.
  await until('every flow is answered', async () =>
    (await agent.call('flowStates')).every(({ answered }, i) => answered >= (before[i]?.answered ?? 0) + 2),
  )
}

/** The link a flow was seen on last, or the error that was its last word. */
export function lastOf({ changes }: FlowState): string | undefined {
  const last = changes.at(-1)
  return last?.error ?? (last?.seenAs === undefined ? undefined : linkSeenAs(last.seenAs))
}
