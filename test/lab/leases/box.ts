// What the tests of leases begin with: the lab with multilink on its box, links whose addresses come by DHCP, and words
// for what a lease left behind.

import type { Test } from 'tap'
import { configure, deb, labOf, ports } from '../scenario.js'
import type { Lab } from '../network.js'
import { links, linkSeenAs, server } from '../topology.js'
import { until } from '../wait.js'

/** A record of a lease, as /usr/lib/multilink/lease.awk writes it. */
export interface Lease {
  readonly gateway: string
  readonly servers: readonly string[]
  readonly dns: readonly string[]
}

/**
 * The lab with links that know their gateway from nowhere but a lease; nothing is up yet. Its box has the files of
 * `root`.
 */
export async function leaseLab(t: Test, root?: string): Promise<Lab> {
  const lab = await labOf(t, { deb, root })
  await configure(lab, { withoutGateway: links.map(({ name }) => name) })
  return lab
}

/** Stanzas for DHCP with one of Debian's clients: ifup takes the first of the three that is there. */
export async function dhcpStanzas(lab: Lab, client: 'dhclient' | 'udhcpc' | 'dhcpcd'): Promise<void> {
  for (const { name } of links) {
    await lab.box.write(`/etc/network/interfaces.d/${name}`, `iface ${name} inet dhcp\n`)
  }
  const others = ['dhclient', 'udhcpc', 'dhcpcd'].filter((other) => other !== client)
  await lab.box.run(['rm', '-f', ...others.map((other) => `/sbin/${other}`)])
}

/** Gives a link's gateway an IPv6 address with its prefix length. */
export async function giveIPv6(lab: Lab, link: string, address: string): Promise<void> {
  await lab.run(`gw-${link}`, ['sysctl', '-qw', 'net.ipv6.conf.box.disable_ipv6=0'])
  await lab.run(`gw-${link}`, ['ip', 'address', 'add', address, 'dev', 'box', 'nodad'])
  // what it sends to all nodes comes back to it
  await lab.permit(link, address.replace(/\/.*/, ''))
}

/** The record of a link's lease; undefined if there is none. */
export async function leaseOf(lab: Lab, link: string, family: 4 | 6 = 4): Promise<Lease | undefined> {
  const { code, stdout } = await lab.box.run(['cat', `/run/multilink/.lease${family}/${link}`], { reject: false })
  if (code !== 0) return undefined
  const lines = new Map(stdout.split('\n').map((line) => line.split('=', 2) as [string, string]))
  const list = (key: string): string[] => (lines.get(key) ?? '').split(' ').filter(Boolean)
  return { gateway: lines.get('gateway') ?? '', servers: list('servers'), dns: list('dns') }
}

interface Waiting {
  readonly family?: 4 | 6
  /** what is run again and again on the box while waiting */
  readonly meanwhile?: readonly string[]
}

/** Waits until the record of a link's lease is as `wanted` says, and returns it. */
export async function leaseSays(
  lab: Lab,
  link: string,
  wanted: Partial<Lease>,
  { family = 4, meanwhile }: Waiting = {},
): Promise<Lease> {
  let last: Lease | undefined
  const same = ([key, value]: [string, unknown]): boolean =>
    JSON.stringify(last?.[key as keyof Lease]) === JSON.stringify(value)
  const ask = async (): Promise<boolean> => {
    if (meanwhile !== undefined) await lab.box.run(meanwhile)
    last = await leaseOf(lab, link, family)
    return last !== undefined && Object.entries(wanted).every(same)
  }
  const what = `the lease of ${link} says ${JSON.stringify(wanted)}`
  await until(what, ask, { every: meanwhile === undefined ? 20 : 500 }).catch((failure: unknown) => {
    throw new Error(`its record is ${JSON.stringify(last)}`, { cause: failure })
  })
  return last as Lease
}

/** Waits until there is no record of a lease any more. */
export async function leaseGone(lab: Lab, link: string, family: 4 | 6 = 4): Promise<void> {
  const ask = async (): Promise<boolean> => (await leaseOf(lab, link, family)) === undefined
  await until(`the lease of ${link} is dropped`, ask)
}

/** Waits until this is the gateway in the link's table and the link is in; undefined: no route, and out. */
export async function tableSays(lab: Lab, link: string, gateway: string | undefined): Promise<void> {
  const number = 1001 + links.findIndex(({ name }) => name === link)
  const wanted = gateway === undefined ? '' : `default via ${gateway} dev ${link} proto 157 onlink`
  let last = ''
  const ask = async (): Promise<boolean> => {
    last = (await lab.box.run(['ip', 'route', 'show', 'table', String(number)], { reject: false })).stdout.trim()
    // routes come first, what is recorded last
    const { code } = await lab.box.run(['test', '-e', `/run/multilink/.in4/${link}`], { reject: false })
    return last === wanted && (code === 0) === (gateway !== undefined)
  }
  await until(`table ${number} is "${wanted}"`, ask).catch((failure: unknown) => {
    throw new Error(`table ${number} is "${last}"`, { cause: failure })
  })
}

/**
 * The link a new connection takes when the box asks for no certain one. With `gateway` the link's gateway machine has
 * that address too: the box must have called it.
 */
export async function linkTaken(lab: Lab, via?: { link: string; gateway: string }): Promise<string> {
  const place = `gw-${via?.link ?? ''}` as const
  if (via !== undefined) {
    await lab.run(place, ['ip', 'address', 'replace', `${via.gateway}/32`, 'dev', 'box'])
    await lab.box.run(['ip', 'neigh', 'flush', 'dev', via.link, 'nud', 'all'])
  }
  const answer = await (await lab.agent('box')).call('ask', { host: server(1), port: ports.who })
  if (answer.seenAs === undefined) throw new Error(`nobody answers: ${answer.error}`)
  if (via !== undefined) {
    const { stdout } = await lab.box.run(['ip', 'neigh', 'show', via.gateway, 'dev', via.link])
    if (!stdout.includes('lladdr')) throw new Error(`${via.gateway} was never asked: ${stdout}`)
  }
  return linkSeenAs(answer.seenAs)
}
