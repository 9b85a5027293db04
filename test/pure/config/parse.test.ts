// Configs that are accepted, and what each comes to.

import t from 'tap'
import type { Config } from '../../../src/config/config.js'
import { parseConfig } from '../../../src/config/parse.js'
import { AdminError } from '../../../src/errors.js'
import { configOf, linkNamed as link } from '../plan/config.js'

const file = '/etc/multilink.conf'
const parse = (text: string) => parseConfig(text, file)
const nothing = configOf([])
const messageOf = (text: string): string => {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof AdminError) return error.lines.map((line) => line.split('\n')[0]).join('\n')
    throw error
  }
  return 'accepted'
}

t.test('the example of the man page means what its comments say', async (t) => {
  const config = parse(`
method  = "nth"                  # nth | random | hash; default nth
helpers = ["ftp"]                # connection-tracking helpers; default ["ftp"]; also sip irc tftp pptp amanda h323
mark_mask = 0xff000000           # the bits of packet and connection marks that are ours
table_base = 1000                # tables 1001, 1002, … one per link
fallback = true                  # see "In the kernel"
rule_priority = 1100             # our ip rules for marked packets, from here on (1000 is the kernel's VRF rule)

[link.eth0]                      # the interface; order of appearance is order of preference
weight = 1                       # 0 to 255, default 1; 0: never chosen, used only when nothing else is left
default = true                   # bypassed traffic goes here; without any, the first link is the default
gateway = "auto"                 # or an address; auto: from ifupdown, the lease, or the kernel's own route

[link.eth1]
gateway = "172.16.0.1"

[link.rausb0]
gateway = "192.168.0.1"
masquerade = true                # default true: packets leaving here with another source get this link's address
networks = ["10.8.0.0/16"]       # what is reached over this link only (a provider's mail server, its resolvers)

[bypass]                         # always the default link
networks = ["192.168.1.0/24"]
tcp = [21, 22, 443, "6660-6669"] # ports and ranges
udp = [53]
`)
  t.strictSame(config, {
    ...nothing,
    links: [
      link('eth0', { isDefault: true }),
      link('eth1', { gateway: '172.16.0.1' }),
      link('rausb0', { gateway: '192.168.0.1', networks: ['10.8.0.0/16'] }),
    ],
    bypass: {
      networks: ['192.168.1.0/24'],
      tcp: [
        { first: 21, last: 21 },
        { first: 22, last: 22 },
        { first: 443, last: 443 },
        { first: 6660, last: 6669 },
      ],
      udp: [{ first: 53, last: 53 }],
      strict: false,
    },
  } satisfies Config)
})

t.test('a file without links is valid and means that nothing is changed', async (t) => {
  const texts = ['', '\n', '\ufeff', '# nothing yet\r\n', '[link]\n', '[bypass]\n']
  for (const text of texts) t.strictSame(parse(text), nothing)
})

t.test('a byte order mark, carriage returns and no newline at the end are read over', async (t) => {
  t.strictSame(parse('\ufeffmethod = "hash"\r\n[link.eth0]\r\nweight = 2').links, [
    link('eth0', { weight: 2, isDefault: true }),
  ])
})

t.test('links keep the order of the file, also when their names are numbers', async (t) => {
  const names = parse('[link.wan2]\n[link.10]\n[link.2]\n[link.eth0]\n').links.map(({ name }) => name)
  t.same(names, ['wan2', '10', '2', 'eth0'])
})

t.test('the first link is the default unless another one says so', async (t) => {
  const defaultOf = (text: string) => parse(text).links.filter((one) => one.isDefault).map(({ name }) => name)
  t.same(defaultOf('[link.a]\n[link.b]\n'), ['a'])
  t.same(defaultOf('[link.a]\ndefault = false\n[link.b]\n'), ['a'])
  t.same(defaultOf('[link.a]\n[link.b]\ndefault = true\n[link.c]\ndefault = false\n'), ['b'])
})

t.test('names that mean something to JavaScript are names like others', async (t) => {
  const names = ['__proto__', 'constructor', 'toString', 'prototype']
  const { links } = parse(names.map((name) => `[link.${name}]\nweight = 2\n`).join(''))
  t.strictSame(links, names.map((name, index) => link(name, { weight: 2, isDefault: index === 0 })))
  t.match(messageOf('__proto__ = 1\n'), 'unknown key "__proto__"')
  t.match(messageOf('[link.eth0]\nconstructor = 1\n'), 'unknown key "constructor"')
  t.match(messageOf('[__proto__]\n'), 'unknown table [__proto__]')
  t.equal(({} as { weight?: number }).weight, undefined)
})

t.test('names with dots are links of their own in quotes', async (t) => {
  const { links } = parse('[link.eth0]\n[link."eth0.10"]\n[link.br-lan]\n[link."a_b-c.d"]\n')
  t.same(links.map(({ name }) => name), ['eth0', 'eth0.10', 'br-lan', 'a_b-c.d'])
})

t.test('tables may be written inline or with dotted keys', async (t) => {
  const expected = parse('[link.eth0]\nweight = 3\n[bypass]\ntcp = [22]\n')
  t.strictSame(parse('link.eth0.weight = 3\nbypass = { tcp = [22] }\n'), expected)
  t.strictSame(parse('[link]\neth0 = { weight = 3 }\n[bypass]\ntcp = [22]\n'), expected)
})

t.test('numbers may be written in any base', async (t) => {
  const { markMask, tableBase, rulePriority } = parse(
    'mark_mask = 0b1111_0000\ntable_base = 0o1750\nrule_priority = 0x44c\n',
  )
  t.same([markMask, tableBase, rulePriority], [0xf0, 1000, 1100])
  for (const mask of [3, 0xffffffff, 0xc0000000, 0x00ff0000]) t.equal(parse(`mark_mask = ${mask}`).markMask, mask)
})

t.test('every weight from 0 to 255 is taken, and all may be 0', async (t) => {
  const weights = parse('[link.a]\nweight = 0\n[link.b]\nweight = 0\n').links.map(({ weight }) => weight)
  t.same(weights, [0, 0])
  t.equal(parse('[link.a]\nweight = 255\n').links[0]?.weight, 255)
  t.match(messageOf('[link.a]\nweight = 256\n'), 'weight 256 is too large')
})

t.test('networks are sorted, contained ones are dropped, single addresses are /32', async (t) => {
  const { links, bypass } = parse(`
[link.eth0]
networks = ["203.0.113.9", "10.9.0.0/16", "10.8.0.0/16", "10.8.7.0/24", "10.8.0.0/16", "10.8.0.1"]
[bypass]
networks = ["255.255.255.255", "128.0.0.0/1", "9.0.0.0/8", "10.8.0.0/16"]
`)
  t.same(links[0]?.networks, ['10.8.0.0/16', '10.9.0.0/16', '203.0.113.9/32'])
  t.same(bypass.networks, ['9.0.0.0/8', '10.8.0.0/16', '128.0.0.0/1'])
  t.same(parse('[bypass]\nnetworks = ["192.0.2.0/24", "0.0.0.0/0"]').bypass.networks, ['0.0.0.0/0'])
})

t.test('ports are sorted, overlapping ranges become one, neighbours stay as they were written', async (t) => {
  const { tcp } = parse('[bypass]\ntcp = ["80", 443, 22, 21, "400-500", "450-600", 22, "1-2", "65535-65535"]').bypass
  t.same(tcp.map(({ first, last }) => `${first}-${last}`), [
    '1-2', '21-21', '22-22', '80-80', '400-600', '65535-65535',
  ])
})

t.test('helpers named twice are there once, and there may be none', async (t) => {
  t.same(parse('helpers = ["sip", "ftp", "sip"]').helpers, ['sip', 'ftp'])
  t.same(parse('helpers = []').helpers, [])
})

t.test('two links may have the same gateway address', async (t) => {
  const text = '[link.a]\ngateway = "192.168.1.1"\n[link.b]\ngateway = "192.168.1.1"\n'
  t.same(parse(text).links.map(({ gateway }) => gateway), ['192.168.1.1', '192.168.1.1'])
})

t.test('as many links as there are marks are taken, and not one more', async (t) => {
  const links = (count: number) => Array.from({ length: count }, (_, index) => `[link.ppp${index}]\n`).join('')
  t.equal(parse(links(254)).links.length, 254)
  t.equal(messageOf(links(255)), `${file}:255:7: there are 255 links; at most 254 are possible`)
  t.match(messageOf(`mark_mask = 0xffffffff\n${links(255)}`), 'there are 255 links; at most 254 are possible')
  t.equal(parse(`mark_mask = 0x700\n${links(6)}`).links.length, 6)
  t.match(messageOf(`mark_mask = 0x700\n${links(7)}`), 'mark_mask 0x700 has room for 6 links, and there are 7')
})

t.test('tables and priorities are taken up to the kernel\'s own', async (t) => {
  t.equal(parse('table_base = 248\n[link.a]\n[link.b]\n[link.c]\n').links.length, 3)
  t.match(messageOf('table_base = 249\n[link.a]\n[link.b]\n[link.c]\n'), 'room for 2 links')
  for (const base of [1, 100, 250, 256, 4294967294]) t.equal(parse(`table_base = ${base}`).tableBase, base)
  for (const base of [-1, 0, 251, 252, 255, 4294967295]) t.match(messageOf(`table_base = ${base}`), 'table_base')
  t.equal(parse('rule_priority = 32506').rulePriority, 32506, 'with 258 rules the last is at 32763')
  t.match(messageOf('rule_priority = 32507'), 'from 1 to 32506')
})

t.test('networks of both families are in one list, IPv4 first, in one spelling', async (t) => {
  const { links, bypass } = parse(`
[link.eth0]
networks = ["2001:DB8:0:0:7::/80", "10.8.0.0/16", "2001:db8::7:0:0:0/80", "2001:db8:8:1:0:1:0:0", "FF00::/8"]
[bypass]
networks = ["::/0", "2001:db8::/32", "0.0.0.0/0", "10.0.0.0/8"]
`)
  t.same(links[0]?.networks, ['10.8.0.0/16', '2001:db8:0:0:7::/80', '2001:db8:8:1:0:1::/128', 'ff00::/8'])
  t.same(bypass.networks, ['0.0.0.0/0', '::/0'], 'a network of one family holds none of the other')
  const apart = '[link.a]\nnetworks = ["::/0"]\n[link.b]\nnetworks = ["0.0.0.0/0"]\n'
  t.same(parse(apart).links.map(({ networks }) => networks), [['::/0'], ['0.0.0.0/0']])
})

t.test('an IPv6 address has one spelling, RFC 5952\'s', async (t) => {
  const spell = (text: string) => parse(`[link.a]\ngateway6 = "${text}"\n`).links[0]?.gateway6
  t.equal(spell('FE80:0:0:0:0:0:0:1'), 'fe80::1')
  t.equal(spell('2001:db8:0:1:1:1:1:1'), '2001:db8:0:1:1:1:1:1', 'one group of zeros is written out')
  t.equal(spell('2001:db8:0:0:1:0:0:1'), '2001:db8::1:0:0:1', 'of two runs alike the first is left out')
  t.equal(spell('2001:0:0:1:0:0:0:1'), '2001:0:0:1::1', 'the longer run is left out')
  t.equal(spell('fd00:0db8::00a0'), 'fd00:db8::a0')
  t.equal(spell('64:ff9b::c000:201'), '64:ff9b::c000:201')
})

t.test('a link says for itself what the top says for all', async (t) => {
  const wanted = (text: string) =>
    parse(text).links.map(({ ipv6, gateway6, ownDns }) => ({ ipv6, gateway6, ownDns }))
  const links = '[link.a]\n[link.b]\nipv6 = true\nown_dns = true\n[link.c]\nipv6 = false\nown_dns = false\n'
  const on = { ipv6: true, gateway6: 'auto', ownDns: true }
  const off = { ipv6: false, gateway6: 'none', ownDns: false }
  t.same(wanted(links), [on, on, off])
  t.same(wanted(`ipv6 = false\nown_dns = false\n${links}`), [off, on, off])
})

t.test('a backup is a link of tier 1', async (t) => {
  const { links } = parse('[link.a]\n[link.b]\nbackup = true\n[link.c]\ntier = 9\n[link.d]\nbackup = false\n')
  t.same(links.map(({ tier }) => tier), [0, 1, 9, 0])
})

t.test('without one that says so, the default is the first link that is no backup', async (t) => {
  const defaultOf = (text: string) => parse(text).links.filter((one) => one.isDefault).map(({ name }) => name)
  t.same(defaultOf('[link.a]\nbackup = true\n[link.b]\n[link.c]\n'), ['b'])
  t.same(defaultOf('[link.a]\ntier = 2\n[link.b]\ntier = 1\n'), ['b'])
  t.same(defaultOf('[link.a]\nbackup = true\ndefault = true\n[link.b]\n'), ['a'])
})

t.test('targets are there once each, in their order and in one spelling', async (t) => {
  const checkOf = (check: string) => parse(`[link.a]\ncheck = ${check}\n`).links[0]?.check
  t.same(checkOf('["2001:DB8::1", "192.0.2.1", "2001:db8:0::1", "192.0.2.1"]'), ['2001:db8::1', '192.0.2.1'])
  t.equal(checkOf('"gateway"'), 'gateway')
  t.same(parse('[link.a]\n').links[0]?.check, [])
})

t.test('a command is one line, whatever a shell makes of it', async (t) => {
  const commandOf = (command: string) => parse(`[link.a]\ncheck_command = ${command}\n`).links[0]?.checkCommand
  t.equal(commandOf('" /usr/local/sbin/probe --fast "'), '/usr/local/sbin/probe --fast')
  t.equal(commandOf(`'curl -fs "https://www.example/" | grep -q é'`), 'curl -fs "https://www.example/" | grep -q é')
  t.equal(parse('[link.a]\n').links[0]?.checkCommand, '')
})

t.test('[check] has its defaults, and takes whole numbers and parts of a second', async (t) => {
  t.strictSame(parse('[check]\n').check, nothing.check)
  const intervalOf = (value: string) => parse(`[check]\ninterval = ${value}\n`).check.interval
  t.same(['1', '0.1', '3600', '1e0', '0.25', '0.1234567'].map(intervalOf), [1, 0.1, 3600, 1, 0.25, 0.123])
  const all = 'down_after = 1\nup_after = 100\nquorum = 7\nmax_loss = 100\nmax_rtt = 60000\n'
  t.strictSame(parse(`[check]\n${all}`).check, {
    interval: 0.5, downAfter: 1, upAfter: 100, quorum: 7, maxLoss: 100, maxRtt: 60000,
  })
})

t.test('a quorum may be as large as the targets of each family, where there are any', async (t) => {
  const accepts = (check: string) => messageOf(`[link.a]\ncheck = ${check}\n[check]\nquorum = 2\n`) === 'accepted'
  t.ok(accepts('["192.0.2.1", "192.0.2.2"]'))
  t.ok(accepts('["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]'))
  t.notOk(accepts('["192.0.2.1", "192.0.2.2", "2001:db8::1"]'))
  t.notOk(accepts('"gateway"'))
  t.equal(messageOf('[link.a]\ncheck_command = "true"\n[check]\nquorum = 2\n'), 'accepted')
})
