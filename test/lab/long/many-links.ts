// Many more links than the how-to's three: each a cable to one far end, which is gateway and server at once and counts
// foreign sources. In: a lab and how many; out: their names, and words for their cables.

import { ipBatch } from '../namespaces.js'
import type { Lab } from '../network.js'
import { ports } from '../scenario.js'
import { internetNetwork, internetNetwork6, side6 } from '../topology.js'

export interface ManyLink {
  readonly name: string
  readonly address: string
  readonly address6: string
}

export interface ManyLinks {
  readonly links: readonly ManyLink[]
  /** plugs in the cables of these links and pulls all others, in one go */
  plug(names: ReadonlySet<string>): Promise<void>
  /** the link over which a server saw an address come in */
  linkSeenAs(address: string): string
  /** packets with a foreign source so far */
  foreign(): Promise<number>
}

const place = 'more-far'
// Their IPv6 networks are clear of those of the how-to's links.
const first6 = 0x40

/** Plugs them in; the box's ends are up and have their addresses, but no routes. */
export async function plugInMany(lab: Lab, count: number): Promise<ManyLinks> {
  const links = Array.from({ length: count }, (_, i) => ({
    name: `many${i + 1}`,
    address: `10.64.${i + 1}.2`,
    gateway: `10.64.${i + 1}.1`,
    ...side6(first6 + i),
  }))
  await lab.add(place)
  const far = lab.namespace(place)
  await lab.run(place, ['sysctl', '-q', '-w', 'net.ipv6.ip_nonlocal_bind=1', 'net.ipv6.conf.default.addr_gen_mode=1'])
  const addresses6 = ({ name, network6 }: (typeof links)[0]): string[] => [
    `address replace fe80::1/64 dev ${name}`,
    `address replace ${network6.replace('::/', '::1/')} dev ${name}`,
  ]
  await ipBatch(
    links.flatMap((link) => [
      `link add ${link.name} type veth peer name ${link.name} netns ${lab.box.namespace}`,
      `address add ${link.gateway}/24 dev ${link.name}`,
      `link set ${link.name} up`,
      ...addresses6(link),
    ]),
    far,
  )
  await ipBatch([`route add local ${internetNetwork} dev lo`, `route add local ${internetNetwork6} dev lo`], far)
  await lab.run(place, ['nft', '-f', '-'], { input: rules(links) })
  const box = links.flatMap(({ name, address, address6 }) => [
    `link set ${name} up`,
    `address add ${address}/24 dev ${name}`,
    `address add ${address6}/64 dev ${name}`,
  ])
  await lab.box.run(['ip', '-batch', '-'], { input: `${box.join('\n')}\n` })
  await (await lab.agent(place)).call('who', { port: ports.who })
  return {
    links,
    plug: (names) =>
      ipBatch(
        links.flatMap((link) =>
          names.has(link.name) ? [`link set ${link.name} up`, ...addresses6(link)] : [`link set ${link.name} down`],
        ),
        far,
      ),
    linkSeenAs: (seen) => {
      const link = links.find(({ address, address6 }) => seen === address || seen === address6)
      if (link === undefined) throw new Error(`no link has the address ${seen}`)
      return link.name
    },
    foreign: async () => {
      const { stdout } = await lab.run(place, ['nft', 'list', 'counter', 'inet', 'far', 'foreign'])
      return Number(/packets (\d+)/.exec(stdout)?.[1])
    },
  }
}

function rules(links: readonly ManyLink[]): string {
  const own = (key: 'address' | 'address6'): string => links.map((link) => `"${link.name}" . ${link[key]}`).join(', ')
  return `
    table inet far {
      counter foreign { }
      set own { typeof iifname . ip saddr; elements = { ${own('address')} }; }
      set own6 { typeof iifname . ip6 saddr; elements = { ${own('address6')} }; }
      chain arriving {
        type filter hook prerouting priority -400
        iifname "lo" accept
        meta nfproto ipv4 iifname . ip saddr != @own counter name foreign drop
        meta nfproto ipv6 ip6 saddr != { ::, fe80::/10 } iifname . ip6 saddr != @own6 counter name foreign drop
      }
    }`
}
