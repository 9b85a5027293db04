// What the templates can ask for, whether or not today's ask for it: each name with what it comes to.

import t from 'tap'
import type { Config, LinkConfig } from '../../../src/config/config.js'
import { buildPlan } from '../../../src/plan/build.js'
import { renderArtefacts } from '../../../src/render/artefacts.js'
import { findTemplates, readTemplates } from '../../../src/render/templates.js'
import { configOf, linkNamed } from '../plan/config.js'

const templates = await readTemplates(await findTemplates(new URL('../../../src/main.ts', import.meta.url).pathname))

/** What `template` comes to in the place of if-up's, or of the rules'. */
function rendered(name: 'if-up' | 'rules', template: string, links: LinkConfig[], more: Partial<Config> = {}): string {
  const { plan } = buildPlan(configOf(links, more), new Map())
  const path = name === 'rules' ? 'rules.nft' : name
  const found = renderArtefacts(plan, { ...templates, [name]: template }).find((one) => one.path === path)
  return found?.text ?? ''
}

t.test('a link\'s line has a word for everything', async (t) => {
  const line = '{{#links}}link {{name}} {{mark}} {{table}} {{weight}} {{tier}} {{gateway}} {{gateway6}} ' +
    '{{probe_nexthop}} {{probe_nexthop6}} {{options}}\n{{/links}}'
  const links = [
    linkNamed('eth0', { gateway6: 'fe80::1' }),
    linkNamed('eth1', { ipv6: false, gateway6: 'none', check: 'gateway' }),
    linkNamed('wwan0', { tier: 1, failback: 'all', onLoss: 'keep', ownDns: false, check: ['192.0.2.1'] }),
    linkNamed('wwan1', { checkCommand: 'true', tier: 2 }),
  ]
  t.equal(rendered('if-up', line, links), `link eth0 0x01000000 1001 1 0 auto fe80::1 240.0.0.1 fe80::6d6c:1 -
link eth1 0x02000000 1002 1 0 auto none 240.0.0.2 fe80::6d6c:2 checked
link wwan0 0x03000000 1003 1 1 auto auto 240.0.0.3 fe80::6d6c:3 'keep,failback,nodns,checked'
link wwan1 0x04000000 1004 1 2 auto auto 240.0.0.4 fe80::6d6c:4 checked
`)
})

t.test('checks are one call for each link that has one, each value one word', async (t) => {
  const template = `{{ipv6}} {{udp_answers}} {{bypass_strict}}
check_settings {{check_interval}} {{check_timeout}} {{check_down_after}} {{check_up_after}} {{check_quorum}}` +
    ` {{check_max_loss}} {{check_max_rtt}}
{{#checks}}
check {{name}}{{#targets}} {{.}}{{/targets}}
{{/checks}}
{{#check_commands}}
check_command {{name}} {{command}}
{{/check_commands}}
`
  const links = [
    linkNamed('eth0', { check: ['192.0.2.1', '2001:db8::1'] }),
    linkNamed('eth1'),
    linkNamed('eth2', { check: 'gateway', checkCommand: 'it\'s; echo "$LINK"' }),
  ]
  t.equal(rendered('if-up', template, links), `true true false
check_settings 0.5 1 3 5 1 - -
check eth0 192.0.2.1 2001:db8::1
check eth2 gateway
check_command eth2 'it'\\''s; echo "$LINK"'
`)
  const check = { interval: 0.2, downAfter: 2, upAfter: 9, quorum: 2, maxLoss: 10, maxRtt: 300 }
  const bypass = { networks: [], tcp: [], udp: [], strict: true }
  const off = linkNamed('eth0', { ipv6: false })
  t.equal(rendered('if-up', template, [off], { check, bypass, udpAnswers: false }), `false false true
check_settings 0.2 0.15 2 9 2 10 300
`)
})

t.test('the rules have the networks of each family apart', async (t) => {
  const template = `{{ipv6}} {{udp_answers}} {{bypass_strict}}
{{#has_networks}}
4: {{#networks}}{{network}}={{link}}{{^last}}, {{/last}}{{/networks}}
{{/has_networks}}
{{#has_networks6}}
6: {{#networks6}}{{network}}={{link}}{{^last}}, {{/last}}{{/networks6}}
{{/has_networks6}}
{{#has_bypass_networks}}
bypass 4: {{#bypass_networks}}{{network}}{{^last}}, {{/last}}{{/bypass_networks}}
{{/has_bypass_networks}}
{{#has_bypass_networks6}}
bypass 6: {{#bypass_networks6}}{{network}}{{^last}}, {{/last}}{{/bypass_networks6}}
{{/has_bypass_networks6}}
{{#links}}
{{name}} {{ipv6}} {{probe_nexthop}}
{{/links}}
{{#links6}}
{{name}} {{probe_nexthop6}}{{#last}} last{{/last}}
{{/links6}}
{{#some_without_ipv6}}
without: {{{names_without_ipv6}}}
{{/some_without_ipv6}}
`
  const links = [
    linkNamed('eth0', { networks: ['10.8.0.0/16', '2001:db8::/32'], gateway: '192.0.2.1' }),
    linkNamed('eth1', { networks: ['2001:db9::/32', 'fd00::/8'], gateway6: 'fe80::1' }),
    linkNamed('eth2', { ipv6: false, gateway6: 'none' }),
  ]
  const bypass = { networks: ['192.0.2.0/24', '2001:db8:1::/48'], tcp: [], udp: [], strict: true }
  t.equal(rendered('rules', template, links, { bypass }), `true true true
4: 10.8.0.0/16=eth0
6: 2001:db8::/32=eth0, 2001:db9::/32=eth1, fd00::/8=eth1
bypass 4: 192.0.2.0/24
bypass 6: 2001:db8:1::/48
eth0 true 240.0.0.1
eth1 true 240.0.0.2
eth2 false 240.0.0.3
eth0 fe80::6d6c:1
eth1 fe80::6d6c:2 last
without: "eth2"
`)
  const only = rendered('rules', template, [linkNamed('a', { networks: ['fd00::/8'] })])
  t.equal(only, 'true true false\n6: fd00::/8=a\na true 240.0.0.1\na fe80::6d6c:1 last\n')
})
