// Plan -> the rendered set. What is in the files word for word is in test/cases.

import t from 'tap'
import type { Config } from '../../../src/config/config.js'
import { buildPlan } from '../../../src/plan/build.js'
import { renderArtefacts } from '../../../src/render/artefacts.js'
import { helpersFor, modulesFor } from '../../../src/render/helpers.js'
import { findTemplates, readTemplates } from '../../../src/render/templates.js'
import { configOf, linkNamed } from '../plan/config.js'

const program = new URL('../../../src/main.ts', import.meta.url).pathname
const templates = await readTemplates(await findTemplates(program))
const render = (config: Config) => renderArtefacts(buildPlan(config, new Map()).plan, templates)
const textOf = (config: Config, path: string) => render(config).find((one) => one.path === path)?.text ?? ''

t.test('a generation is eight files, five of them programs', async (t) => {
  t.strictSame(render(configOf([linkNamed('eth0')])).map(({ path, mode }) => [path, mode.toString(8)]), [
    ['boot', '755'],
    ['changed', '755'],
    ['if-down', '755'],
    ['if-up', '755'],
    ['monitor', '755'],
    ['plan.json', '644'],
    ['rules.nft', '644'],
    ['sysctl.conf', '644'],
  ])
})

t.test('each file that has comments says where it came from, whatever the path holds', async (t) => {
  const config = configOf([linkNamed('eth0')], { file: '/etc/x\nreboot $(reboot)' })
  for (const { path, text } of render(config)) {
    t.ok(text.includes(path === 'plan.json' ? '/etc/x\\nreboot' : '/etc/x?reboot $(reboot)'), path)
    t.notMatch(text, /^reboot/m)
    t.ok(text.endsWith('\n') && !text.endsWith('\n\n'), `${path} ends in one newline`)
  }
})

t.test('the templates ask for nothing that a plan without links lacks', async (t) => {
  t.equal(render(configOf([])).length, 8)
})

t.test('a template that asks for an unknown name is refused, in each of the files', async (t) => {
  const { plan } = buildPlan(configOf([linkNamed('eth0')]), new Map())
  for (const name of ['boot', 'changed', 'if-up', 'if-down', 'monitor', 'rules', 'sysctl', 'settings'] as const) {
    const broken = { ...templates, [name]: `${templates[name]}{{typo}}` }
    t.throws(() => renderArtefacts(plan, broken), { message: /unknown name "typo"/ }, name)
  }
})

t.test('only what was asked for is in the rules', async (t) => {
  const nothing = { helpers: [], udpAnswers: false }
  const plain = textOf(configOf([linkNamed('eth0')], nothing), 'rules.nft')
  t.notMatch(plain, /ct helper|bypass_networks|@networks|dport/)
  const bypass = { networks: [], tcp: [{ first: 22, last: 22 }], udp: [], strict: false }
  const withTcp = textOf(configOf([linkNamed('eth0')], { ...nothing, bypass }), 'rules.nft')
  t.match(withTcp, 'tcp dport { 22 }')
  t.notMatch(withTcp, 'udp dport')
})

t.test('a helper comes with the modules that track and that rewrite it', async (t) => {
  t.strictSame(modulesFor(['ftp', 'sip']), ['nf_conntrack_ftp', 'nf_nat_ftp', 'nf_conntrack_sip', 'nf_nat_sip'])
  t.strictSame(helpersFor(['sip']).map(({ protocol, port }) => [protocol, port]), [['udp', 5060], ['tcp', 5060]])
})

t.test('templates that are missing are a refusal that says what to do', async (t) => {
  const folder = t.testdir({ sbin: { multilink: '' }, share: {} })
  const refusal = { code: 3, message: /reinstall multilink; nothing was changed/ }
  await t.rejects(findTemplates(`${folder}/sbin/multilink`), refusal)
  await t.rejects(readTemplates(folder), refusal)
})

t.test('an installed program finds the templates of its own prefix', async (t) => {
  const folder = t.testdir({
    sbin: { multilink: '' },
    share: { multilink: { templates: {} } },
    templates: {},
    bin: { multilink: t.fixture('symlink', '../sbin/multilink') },
  })
  t.equal(await findTemplates(`${folder}/sbin/multilink`), `${folder}/share/multilink/templates`)
  t.equal(await findTemplates(`${folder}/bin/multilink`), `${folder}/share/multilink/templates`, 'by a link to it too')
})
