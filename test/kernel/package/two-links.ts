// A throwaway Debian whose ifupdown has two links in both families, the gateways beyond them, and a server that all of
// it is for. No address waits for duplicates to answer: without the monitor nothing would tell when that is over.
//
//   eth0 192.168.1.2/24, 2001:db8:1::2/64 -- 192.168.1.1, 2001:db8:1::1 .        198.51.100.1,
//                                                                        } far -- 2001:db8:9::1 port 7
//   eth1 172.16.0.2/16,  2001:db8:2::2/64 -- 172.16.0.1,  2001:db8:2::1 '
//
// far is a network namespace of the throwaway's; a DHCP server in it gives eth1 172.16.0.2 with the gateway 172.16.0.9.

import type { Test } from 'tap'
import { until } from '../../lab/wait.js'
import { startDebian, type Debian, type DebianKind } from './debian.js'

export const server = { 4: '198.51.100.1', 6: '2001:db8:9::1' } as const

export const config = '[link.eth0]\n[link.eth1]\n'

const file = (name: string, text: string) => `cat >${name} <<'END'\n${text}\nEND\n`

/** Answers who has connected, by address. */
const serverProgram = `
  require('net').createServer((socket) => socket.end(socket.remoteAddress)).listen(7, '::')`

/** Connects COUNT times to HOST, one after another, and prints a line with each answer. */
const clientProgram = `
  const [host, count] = process.argv.slice(2)
  const ask = (left) => {
    if (left === 0) return
    const socket = require('net').connect({ host, port: 7, timeout: 10000 })
    socket.setEncoding('utf8')
    socket.on('data', (address) => console.log(address.replace('::ffff:', '')))
    socket.on('timeout', () => socket.destroy(new Error('no answer')))
    socket.on('close', () => ask(left - 1))
  }
  ask(Number(count))`

/** Starts it; nothing is up yet but lo, and /etc/network/interfaces is the package's. */
export async function startTwoLinks(t: Test, kind: DebianKind): Promise<Debian> {
  const debian = await startDebian(t, kind)
  await debian.sh(`
    ip netns add far
    ip -n far link set lo up
    for link in eth0 eth1; do
      ip link add $link type veth peer name $link netns far
      ip -n far link set $link up
      echo 0 >/proc/sys/net/ipv6/conf/$link/accept_dad
    done
    ip -n far address add 192.168.1.1/24 dev eth0
    ip -n far address add 172.16.0.1/16 dev eth1
    ip -n far address add 172.16.0.9/16 dev eth1
    ip -n far address add 2001:db8:1::1/64 dev eth0 nodad
    ip -n far address add 2001:db8:2::1/64 dev eth1 nodad
    ip -n far address add ${server[4]}/32 dev lo
    ip -n far address add ${server[6]}/128 dev lo
    ${file('/root/server.js', serverProgram)}
    ${file('/root/client.js', clientProgram)}
    ip netns exec far node /root/server.js >/root/server.log 2>&1 </dev/null &
    ip netns exec far dnsmasq --conf-file=/dev/null --port=0 --interface=eth1 --bind-interfaces --no-ping --user=root \\
      --dhcp-authoritative --dhcp-range=172.16.0.2,172.16.0.2,1h --dhcp-option=3,172.16.0.9 \\
      --dhcp-leasefile=/root/dnsmasq.leases --pid-file=`
    + ' >/root/dnsmasq.log 2>&1')
  await until('the server listens', () => debian.sh('ip netns exec far ss -Hltn "sport = 7"'))
  return debian
}

export interface Stanza {
  readonly method?: 'static' | 'dhcp'
  readonly address?: string
  /** empty: none */
  readonly gateway?: string
  /** other lines of each of the link's stanzas */
  readonly lines?: readonly string[]
}

/** Writes /etc/network/interfaces: a stanza a family for each link, as ifupdown wants them; none for IPv6 with DHCP. */
export async function configure(debian: Debian, eth1: Stanza = {}): Promise<void> {
  const { method = 'static', address = '172.16.0.2/16', gateway = '172.16.0.1', lines = [] } = eth1
  const options = (all: readonly string[]) => all.map((line) => `  ${line}`)
  const given = method === 'dhcp' ? [] : [`address ${address}`, ...(gateway === '' ? [] : [`gateway ${gateway}`])]
  const text = [
    'auto lo',
    'iface lo inet loopback',
    'auto eth0',
    'iface eth0 inet static',
    ...options(['address 192.168.1.2/24', 'gateway 192.168.1.1']),
    'iface eth0 inet6 static',
    ...options(['address 2001:db8:1::2/64', 'gateway 2001:db8:1::1']),
    'auto eth1',
    `iface eth1 inet ${method}`,
    ...options([...given, ...lines]),
  ]
  if (method === 'static') {
    text.push('iface eth1 inet6 static')
    text.push(...options(['address 2001:db8:2::2/64', 'gateway 2001:db8:2::1', ...lines]))
  }
  await debian.sh(file('/etc/network/interfaces', text.join('\n')))
}

/** How many of `count` connections in a row took which link. */
export async function shares(debian: Debian, family: 4 | 6, count = 20): Promise<Record<string, number>> {
  const taken: Record<string, number> = {}
  const links: Readonly<Record<string, string>> =
    { '192.168.1.2': 'eth0', '172.16.0.2': 'eth1', '2001:db8:1::2': 'eth0', '2001:db8:2::2': 'eth1' }
  for (const address of (await debian.sh(`node /root/client.js ${server[family]} ${count}`)).split('\n')) {
    const link = links[address] ?? address
    taken[link] = (taken[link] ?? 0) + 1
  }
  return taken
}

/** What is known of the links: each line of a record, with the record's name. */
export const records = async (debian: Debian) =>
  (await debian.sh('cd /run/multilink; grep -s . eth* .lease4/* .lease6/* || :')).split('\n').filter(Boolean)

/** Where the links' connections go: a family a line, and a word for each link. */
export const ways = (debian: Debian) =>
  debian.sh(`for map in ways ways6; do
      nft list map inet multilink $map | grep -o 'goto [a-z0-9_]*' | cut -d ' ' -f 2 | paste -sd ' '
    done`)

/** The gateways in the links' tables: a line a link and family. */
export const gateways = (debian: Debian) =>
  debian.sh(`for table in 1001 1002; do for family in -4 -6; do
      ip $family route show table $table proto 157 | cut -d ' ' -f 1-5
    done; done`)

/** Everything that the links decide: policy rules, tables of ours, elements of the nft table. */
export const decided = (debian: Debian) =>
  debian.sh(`
    for family in -4 -6; do ip $family rule; ip $family route show table all proto 157; done
    for map in ways ways6 slots slots6 addresses addresses6; do nft -s list map inet multilink $map; done`)

/** Ends the monitor: what a test shows then is the hooks' work. */
export async function endMonitor(debian: Debian): Promise<void> {
  await debian.sh('start-stop-daemon --stop --quiet --retry 10 --pidfile /run/multilink/.monitor --name monitor')
}
