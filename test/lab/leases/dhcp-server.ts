// A real DHCP server, dnsmasq, in the namespace of a link's gateway. In: what it is to hand out; out: a server that can
// be told something else, stopped, and asked what it has seen. It ends with the test.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Test } from 'tap'
import { cleanEnvironment, within } from '../namespaces.js'
import type { Lab } from '../network.js'
import { links } from '../topology.js'
import { until } from '../wait.js'

/** dnsmasq gives no shorter leases. */
export const shortestLease = 120

export interface Offer {
  /** the one address it gives; default: the box's own on this link */
  readonly address?: string
  /** options as dnsmasq writes them, `3,192.168.1.1`; without any, the gateway as router and nothing else */
  readonly options?: readonly string[]
  /** any other lines of dnsmasq.conf */
  readonly lines?: readonly string[]
}

export interface DhcpServer {
  start(offer?: Offer): Promise<void>
  /** Starts it anew with another offer; it remembers who has which address. */
  offer(offer: Offer): Promise<void>
  stop(): Promise<void>
  /** waits until it has logged a message of this kind, such as DHCPRELEASE */
  heard(kind: string): Promise<void>
}

/** A server on the link's gateway, not started yet. */
export async function dhcpServer(t: Test, lab: Lab, name: string): Promise<DhcpServer> {
  const link = links.find((candidate) => candidate.name === name)
  if (link === undefined) throw new Error(`no link is named ${name}`)
  const folder = await mkdtemp(join(tmpdir(), 'multilink-dhcp-'))
  const file = join(folder, 'dnsmasq.conf')
  let log = ''
  let end: (() => Promise<void>) | undefined

  const configOf = ({ address = link.address, options = [`3,${link.gateway}`], lines = [] }: Offer): string =>
    [
      'port=0',
      'interface=box',
      'bind-interfaces',
      'dhcp-authoritative',
      'no-ping',
      'user=root',
      'log-dhcp',
      'log-facility=-',
      'pid-file=',
      `dhcp-leasefile=${join(folder, 'leases')}`,
      `dhcp-range=${address},${address},${shortestLease}`,
      ...options.map((option) => `dhcp-option-force=${option}`),
      ...lines,
      '',
    ].join('\n')

  const start = async (offer: Offer = {}): Promise<void> => {
    await writeFile(file, configOf(offer))
    const program = ['dnsmasq', '--keep-in-foreground', `--conf-file=${file}`]
    const [command, ...args] = within(lab.namespace(`gw-${name}`), program) as [string, ...string[]]
    const server = execa(command, args, { env: cleanEnvironment, extendEnv: false, reject: false, buffer: false })
    const before = log.length
    let ended = false
    void server.then(() => (ended = true))
    server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    end = async () => {
      server.kill('SIGTERM')
      await server
    }
    await until('dnsmasq has started', () => {
      if (ended) throw new Error(`dnsmasq did not start: ${log.slice(before)}`)
      return log.includes('started, version', before)
    })
  }
  const stop = async (): Promise<void> => {
    await end?.()
    end = undefined
  }
  t.teardown(async () => {
    await stop()
    await rm(folder, { recursive: true })
  })
  return {
    start,
    stop,
    offer: async (offer) => {
      await stop()
      await start(offer)
    },
    heard: async (kind) => {
      await until(`dnsmasq has logged ${kind}`, () => log.includes(` ${kind}(box)`))
    },
  }
}
