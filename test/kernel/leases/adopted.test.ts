// What is adopted of the lease files that DHCP clients wrote before their hooks knew the link, odd ones too: files as
// the clients write them, and a real kernel's addresses. dhclient.test.ts and dhcpcd.test.ts do it with real clients.

import t, { type Test } from 'tap'
import { configureAll, makeBox, type Box } from '../hooks/box.js'

const links = '[link.eth0]\n[link.eth1]\n[link.rausb0]\n'
const place = '/var/lib/dhcpcd'

/** Options of DHCP, [number, byte…], in the order in which they are sent. */
type Options = readonly (readonly number[])[]
const coded = (options: Options): number[] => options.flatMap(([code = 0, ...bytes]) => [code, bytes.length, ...bytes])
const quad = (address: string): number[] => address.split('.').map(Number)
const text = (words: string): number[] => [...Buffer.from(words)]
const zeros = (count: number): number[] => Array<number>(count).fill(0)

interface Message {
  readonly address?: string
  readonly options?: Options
  /** what stands in the fields of the server's name and the file's name */
  readonly sname?: Options
  readonly file?: Options
}

const field = (options: Options, length: number): number[] => {
  const bytes = options.length === 0 ? [] : [...coded(options), 255]
  return [...bytes, ...zeros(length - bytes.length)]
}

/** A server's answer, RFC 2131. */
const dhcp = ({ address = '192.168.1.2', options = [], sname = [], file = [] }: Message): number[] => [
  ...[2, 1, 6, 0], ...zeros(12), ...quad(address), ...zeros(24), ...field(sname, 64), ...field(file, 128),
  ...[99, 130, 83, 99], 53, 1, 5, ...coded(options), 255,
]

const coded6 = (code: number, bytes: readonly number[]): number[] =>
  [code >> 8, code & 255, bytes.length >> 8, bytes.length & 255, ...bytes]
const address6 = (last: number): number[] => [0x20, 0x01, 0x0d, 0xb8, ...zeros(10), last >> 8, last & 255]

/** A server's answer, RFC 8415, of one address: 2001:db8::LAST. */
const dhcpv6 = (last: number, resolvers: readonly number[]): number[] => [
  ...[7, 1, 2, 3], ...coded6(23, resolvers.flatMap(address6)),
  ...coded6(3, [...zeros(12), ...coded6(5, [...address6(last), ...zeros(8)])]),
]

const router = [3, ...quad('192.168.1.1')]
const server = [54, ...quad('192.168.1.1')]

const write = async (box: Box, file: string, bytes: readonly number[]): Promise<void> => {
  const { code } = await box.run(`base64 -d >'${place}/${file}'`, Buffer.from(bytes).toString('base64'))
  if (code !== 0) throw new Error(`${file} could not be written`)
}
const record = async (box: Box, link: string, family: 4 | 6 = 4): Promise<string[]> =>
  (await box.sh(`cat /run/multilink/.lease${family}/${link} 2>/dev/null || :`)).split('\n').filter(Boolean)
/** As it is before the first apply, but for the files. */
const adopt = (box: Box): Promise<string> =>
  box.sh('rm -f /run/multilink/.lease?/*; /var/lib/multilink/current/boot')

/** A box with its links up, of which no lease is known. */
async function upBox(t: Test): Promise<Box> {
  const box = await makeBox(t)
  await box.sh(`mkdir -p ${place} /var/lib/dhcp; rm -f ${place}/* /var/lib/dhcp/*`)
  await configureAll(box)
  const { code, stderr } = await box.apply(links)
  if (code !== 0) throw new Error(`the first apply failed: ${stderr}`)
  return box
}

t.test('dhcpcd: what the message says', async (t) => {
  const box = await upBox(t)
  const recordOf = async (message: Message | readonly number[]): Promise<string[]> => {
    await write(box, 'eth0.lease', 'length' in message ? message : dhcp(message))
    await adopt(box)
    return record(box, 'eth0')
  }
  const servers = 'servers=192.168.1.1'
  const plain = ['gateway=192.168.1.1', servers, 'dns=']

  await t.test('routers, server and resolvers', async (t) => {
    t.strictSame(await recordOf({ options: [router, server] }), plain)
    const two = [...quad('192.168.1.254'), ...quad('192.168.1.1')]
    t.strictSame(await recordOf({ options: [[3, ...two], server, [6, ...quad('9.9.9.9'), ...quad('192.168.1.53')]] }),
      ['gateway=192.168.1.254', servers, 'dns=9.9.9.9 192.168.1.53'])
    t.strictSame(await recordOf({ options: [[3, ...quad('127.0.0.1'), ...quad('192.168.1.3'), 9], server] }),
      ['gateway=192.168.1.3', servers, 'dns='])
    t.strictSame(await recordOf({}), [])
  })

  await t.test('option 121 takes the place of option 3', async (t) => {
    const net = [15, 10, 8, ...quad('192.168.1.9')]
    t.strictSame(await recordOf({ options: [router, server, [121, ...net, 0, ...quad('192.168.1.7')]] }),
      ['gateway=192.168.1.7', servers, 'dns='])
    t.strictSame(await recordOf({ options: [[121, ...net], router, server] }), ['gateway=', servers, 'dns='])
  })

  await t.test('options in parts, fill, and options in the fields for names', async (t) => {
    t.strictSame(await recordOf({ options: [[121, 0, 192, 168], server, router, [121, 1, 7]] }),
      ['gateway=192.168.1.7', servers, 'dns='])
    const names = { file: [router], sname: [[6, ...quad('9.9.9.9')]] }
    const overloaded = (how: number): Message => ({ options: [[52, how], server], ...names })
    t.strictSame(await recordOf(overloaded(1)), plain)
    t.strictSame(await recordOf(overloaded(2)), ['gateway=', servers, 'dns=9.9.9.9'])
    t.strictSame(await recordOf(overloaded(3)), ['gateway=192.168.1.1', servers, 'dns=9.9.9.9'])
    const filled = dhcp({ options: [router, server] })
    t.strictSame(await recordOf([...filled.slice(0, 240), ...zeros(70), ...filled.slice(240), ...zeros(9)]), plain)
  })

  await t.test('no string passes for anything else', async (t) => {
    const lines = ['x"', '', 'lease 4 eth1', ' routers=6.6.6.6', '4|eth1|6.6.6.6||', '==', '$(touch /run/evil)\0']
    const evil = text([...lines, '`touch /run/evil`'].join('\n'))
    // a whole message for the next link
    const message = dhcp({ address: '172.16.0.2', options: [router] }).slice(0, 250)
    t.strictSame(await recordOf({ options: [[17, ...evil], [15, ...evil], router, server, [43, ...message]] }), plain)
    t.strictSame(await record(box, 'eth1'), [])
    t.equal(await box.sh('ls /run/evil 2>/dev/null || :'), '')
  })

  await t.test('a file that is cut short, too long or no lease is none', async (t) => {
    const whole = dhcp({ options: [server, router] })
    for (const length of [0, 1, 239, whole.length - 2]) {
      t.strictSame(await recordOf(whole.slice(0, length)), [], `${length} bytes`)
    }
    t.strictSame(await recordOf(whole.map((byte, i) => (i === 236 ? 0 : byte))), [], 'BOOTP')
    t.strictSame(await recordOf({ options: [router], address: '192.168.1.3' }), [], 'of another address')
    t.strictSame(await recordOf({ options: [router], address: '172.16.0.2' }), [], 'of another link\'s')
    await box.sh(`rm ${place}/eth0.lease; mkfifo ${place}/eth0.lease; : >${place}/eth1.lease`)
    await adopt(box)
    t.strictSame(await record(box, 'eth0'), [])
  })
})

t.test('dhcpcd: a wireless link has a file for each network, and the newest with its address counts', async (t) => {
  const box = await upBox(t)
  const of = (gateway: string, address = '192.168.0.2'): number[] =>
    dhcp({ address, options: [[3, ...quad(gateway)], [54, ...quad(gateway)]] })
  await write(box, 'rausb0-old.lease', of('192.168.0.9'))
  await write(box, 'rausb0-two - words \\012.lease', of('192.168.0.1'))
  await write(box, 'rausb0-.lease', of('192.168.0.8', '192.168.0.3'))
  await write(box, 'rausb1.lease', of('192.168.0.7'))
  await box.sh(`cd ${place}; touch -d '1 hour ago' rausb0-old.lease; touch -d '1 minute ago' rausb0-two*`)
  await adopt(box)
  t.strictSame(await record(box, 'rausb0'), ['gateway=192.168.0.1', 'servers=192.168.0.1', 'dns='])
  await box.sh(`touch ${place}/rausb0-old.lease`)
  await adopt(box)
  t.strictSame(await record(box, 'rausb0'), ['gateway=192.168.0.9', 'servers=192.168.0.9', 'dns='])
})

t.test('dhcpcd: resolvers of DHCPv6', async (t) => {
  const box = await upBox(t)
  await box.sh('ip address add 2001:db8::102/128 dev eth0 nodad')
  const recordOf = async (bytes: readonly number[]): Promise<string[]> => {
    await write(box, 'eth0.lease6', bytes)
    await adopt(box)
    return record(box, 'eth0', 6)
  }
  const lines = (dns: string): string[] => ['gateway=', 'servers=', `dns=${dns}`, `told=${dns}`, 'advertised=']
  const whole = dhcpv6(0x102, [0x53, 0x54])
  t.strictSame(await recordOf(whole), lines('2001:db8::53 2001:db8::54'))
  t.strictSame(await recordOf(dhcpv6(0x103, [0x53])), [], 'of another address')
  t.strictSame(await recordOf(dhcpv6(0x102, [])), [], 'without resolvers')
  t.strictSame(await recordOf(whole.slice(0, -1)), [], 'cut short')
  t.strictSame(await record(box, 'eth0'), [], 'and IPv4 has nothing to do with it')
  await box.sh(`rm ${place}/*`)
})

t.test('several files of both clients at once; a record that is there stays', async (t) => {
  const box = await upBox(t)
  const lease = (link: string, address: string, gateway: string): string =>
    `lease {\n  interface "${link}";\n  fixed-address ${address};\n  option routers ${gateway};\n}\n`
  await box.run('cat >/var/lib/dhcp/dhclient.leases',
    lease('eth0', '192.168.1.2', '192.168.1.250') + lease('eth1', '172.16.0.2', '172.16.0.250') + '==\n')
  await box.run('cat >/var/lib/dhcp/dhclient.eth0.leases', lease('eth0', '192.168.1.2', '192.168.1.251'))
  await write(box, 'rausb0.lease', dhcp({ address: '192.168.0.2', options: [[3, ...quad('192.168.0.250')]] }))
  await adopt(box)
  const gateways = async (): Promise<unknown> =>
    Promise.all(['eth0', 'eth1', 'rausb0'].map(async (link) => (await record(box, link))[0]))
  t.strictSame(await gateways(), ['gateway=192.168.1.251', 'gateway=172.16.0.250', 'gateway=192.168.0.250'])

  const set = 'gateway=192.168.1.99\nservers=\ndns='
  await box.sh(`for link in eth0 rausb0; do echo '${set}' >/run/multilink/.lease4/$link; done
    /var/lib/multilink/current/boot`)
  t.strictSame(await gateways(), ['gateway=192.168.1.99', 'gateway=172.16.0.250', 'gateway=192.168.1.99'])
})

t.test('without lease files no process is started', async (t) => {
  const box = await upBox(t)
  const adoptWithoutPrograms = () => box.run(`. /usr/lib/multilink/multilink.sh
    links="eth0 1$newline"
    PATH=/nowhere
    adopt_leases`)
  await box.sh(': >/var/lib/dhcp/dhclient.leases')
  t.same(await adoptWithoutPrograms(), { code: 0, stdout: '', stderr: '' })
  await write(box, 'eth0.lease', dhcp({ options: [router] }))
  t.match((await adoptWithoutPrograms()).stderr, 'ip: not found')
})
