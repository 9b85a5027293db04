// Out: what the kernel says of the links: our nft table, the links' routes, their devices, open connections.
// One program each, however many links there are; it only asks.

import { execa } from 'execa'
import type { Family } from '../config/addresses.js'
import { SystemError } from '../errors.js'
import { readText } from './files.js'

/** No locale may change a message that is looked at here. */
const options = { timeout: 30_000, env: { LC_ALL: 'C' } } as const

export interface Table {
  /** by family: connection mark -> the chain its packets go to: keep_LINK, pin, hold or out */
  readonly ways: Readonly<Record<Family, ReadonlyMap<number, string>>>
  /** by family: the link that bypassed traffic takes; null: none */
  readonly bypass: Readonly<Record<Family, string | null>>
  /** whether it has its flowtable */
  readonly offloads: boolean
  /** counter -> packets; in our table they count connections */
  readonly counters: ReadonlyMap<string, number>
}

interface NftJson {
  nftables: {
    flowtable?: object
    counter?: { name: string; packets: number }
    map?: { name: string; elem?: [number | string, { goto?: { target: string } }][] }
  }[]
}

/** Table `inet multilink`; undefined if it is not loaded. */
export async function readTable(): Promise<Table | undefined> {
  const result = await execa('nft', ['-j', 'list', 'table', 'inet', 'multilink'], {
    ...options,
    reject: false,
  })
  if (result.failed) {
    if (/No such file or directory/.test(result.stderr)) return undefined
    const why = result.stderr.split('\n').find(Boolean) ?? result.shortMessage
    throw new SystemError(`nft cannot list the table inet multilink: ${why}; status wants root and nft`)
  }
  const objects = (JSON.parse(result.stdout) as NftJson).nftables
  const elements = (name: string): [number | string, string][] =>
    (objects.find(({ map }) => map?.name === name)?.map?.elem ?? []).map(([key, verdict]) => [
      key,
      verdict.goto?.target ?? '',
    ])
  const ways = (name: string) => new Map(elements(name).map(([mark, chain]) => [Number(mark), chain]))
  const bypass = new Map(elements('bypass_to').map(([family, chain]) => [family, chain.replace(/^use_/, '')]))
  return {
    ways: { 4: ways('ways'), 6: ways('ways6') },
    bypass: { 4: bypass.get('ipv4') ?? null, 6: bypass.get('ipv6') ?? null },
    offloads: objects.some(({ flowtable }) => flowtable !== undefined),
    counters: new Map(objects.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : []))),
  }
}

/** Whether this kernel has IPv6 and it is not switched off: what has_ipv6 (hooks/lib/observe.sh) asks. */
export async function hasIpv6(): Promise<boolean> {
  return (await readText('/proc/sys/net/ipv6/conf/lo/disable_ipv6'))?.trim() === '0'
}

/** Of one family: routing table -> the gateway of its default route; null where it is point-to-point. */
export async function readGateways(family: Family): Promise<Map<number, string | null>> {
  const routes = await askIp<{ gateway?: string; table?: string }>([
    '-N',
    `-${family}`,
    'route',
    'show',
    'default',
    'table',
    'all',
  ])
  return new Map(routes.map(({ table = '254', gateway = null }) => [Number(table), gateway]))
}

export interface DeviceStatus {
  readonly bytes: { readonly in: number; readonly out: number }
  /** what keeps it from carrying packets */
  readonly trouble: string | undefined
}

interface DeviceJson {
  ifname?: string
  flags?: string[]
  stats64?: { rx: { bytes: number }; tx: { bytes: number } }
}

/** From netlink, not /sys: that shows the devices of the namespace it was mounted in. */
export async function readDevices(): Promise<Map<string, DeviceStatus>> {
  const devices = await askIp<DeviceJson>(['-s', 'link', 'show'])
  return new Map(
    devices.map(({ ifname = '', flags = [], stats64 }) => [
      ifname,
      {
        bytes: { in: stats64?.rx.bytes ?? 0, out: stats64?.tx.bytes ?? 0 },
        trouble: !flags.includes('UP')
          ? 'its interface is down'
          : flags.includes('NO-CARRIER')
            ? 'it has no carrier'
            : undefined,
      },
    ]),
  )
}

/**
 * Mark under `mask` -> connections of these families open now; undefined where conntrack cannot tell. TCP
 * connections that are over and only wait for late packets (TIME_WAIT, CLOSE) are not open.
 */
export async function countOpen(
  mask: number,
  families: readonly Family[],
): Promise<Map<number, number> | undefined> {
  const counts = new Map<number, number>()
  try {
    for (const family of families) {
      // A busy router has some 100,000 lines: they are counted as they come.
      for await (const line of execa('conntrack', ['-L', '-f', `ipv${family}`], { ...options, buffer: false })) {
        if (/ (TIME_WAIT|CLOSE) src=/.test(line)) continue
        const mark = (Number(/ mark=(\d+)/.exec(line)?.[1] ?? 0) & mask) >>> 0
        if (mark !== 0) counts.set(mark, (counts.get(mark) ?? 0) + 1)
      }
    }
    return counts
  } catch {
    return undefined
  }
}

async function askIp<T>(args: readonly string[]): Promise<T[]> {
  const { stdout, stderr, failed, shortMessage } = await execa('ip', ['-j', ...args], {
    ...options,
    reject: false,
  })
  if (failed)
    throw new SystemError(`the kernel's state cannot be read: ${stderr.split('\n')[0] || shortMessage}`)
  return stdout.trim() === '' ? [] : (JSON.parse(stdout) as T[])
}
