// Out: what the running kernel knows of ways out: IPv4 default routes, devices, their addresses. It only
// asks.

import { execa } from 'execa'
import { SystemError } from '../errors.js'

/** A default route; a multipath route is one a next hop. */
export interface DefaultRoute {
  readonly device: string
  /** undefined: the device is point-to-point */
  readonly gateway?: string | undefined
  readonly metric: number
  /** 'main', or a number */
  readonly table: string
}

export interface Device {
  readonly name: string
  /** the kernel's word: 'veth', 'wireguard', 'tun'; undefined for hardware */
  readonly kind?: string | undefined
  /** IPv4, with prefix length */
  readonly addresses: readonly string[]
}

export interface Kernel {
  readonly defaults: readonly DefaultRoute[]
  readonly devices: readonly Device[]
}

interface Nexthop {
  dev?: string
  gateway?: string
}

interface RouteJson extends Nexthop {
  type?: string
  metric?: number
  table?: string
  protocol?: string
  nexthops?: Nexthop[]
}

interface AddressJson {
  ifname?: string
  linkinfo?: { info_kind?: string }
  addr_info?: { local?: string; prefixlen?: number }[]
}

/** multilink's own routes carry this (docs/design.md): they say nothing about the machine */
const ownProtocol = '157'

/** Asks the kernel of the network namespace this runs in. */
export async function readKernel(): Promise<Kernel> {
  const [routes, addresses] = await Promise.all([
    askIp(['-4', 'route', 'show', 'default', 'table', 'all']),
    askIp(['-d', 'addr', 'show']),
  ])
  return { defaults: readRoutes(routes as RouteJson[]), devices: readDevices(addresses as AddressJson[]) }
}

async function askIp(args: readonly string[]): Promise<unknown[]> {
  try {
    const { stdout } = await execa('ip', ['-j', ...args], { timeout: 10_000 })
    return stdout.trim() === '' ? [] : (JSON.parse(stdout) as unknown[])
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new SystemError(`the kernel's routes and addresses cannot be read: ${why}; nothing was changed`, {
      cause: error,
    })
  }
}

function readRoutes(routes: readonly RouteJson[]): DefaultRoute[] {
  return routes
    .filter(({ type = 'unicast', protocol }) => type === 'unicast' && protocol !== ownProtocol)
    .flatMap((route) =>
      (route.nexthops ?? [route]).flatMap(({ dev, gateway }) =>
        dev === undefined || dev === 'lo'
          ? []
          : [{ device: dev, gateway, metric: route.metric ?? 0, table: route.table ?? 'main' }],
      ),
    )
    .sort((a, b) => a.metric - b.metric)
}

function readDevices(devices: readonly AddressJson[]): Device[] {
  return devices.flatMap(({ ifname, linkinfo, addr_info = [] }) =>
    ifname === undefined
      ? []
      : [
          {
            name: ifname,
            kind: linkinfo?.info_kind,
            addresses: addr_info
              .filter(({ local = '' }) => /^[0-9.]+$/.test(local))
              .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
          },
        ],
  )
}
