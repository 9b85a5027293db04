// Our reading of /etc/network/interfaces against ifupdown's own, `ifquery -i`: the same files, the same
// stanzas.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { readInterfaces } from '../../../src/init/interfaces.js'
import { run } from '../../lab/namespaces.js'

const files = {
  interfaces: [
    '# a comment ends here \\',
    'auto lo',
    'iface lo inet loopback',
    '  auto eth0',
    'iface eth0 inet dhcp',
    '    hostname a \\',
    '  b # not a comment',
    '  metric 5  ',
    '  \t# a comment within a stanza \\',
    'metric2\t7',
    '',
    '  client x\\',
    'y',
    'iface template inet static',
    '    metric 3',
    '    gateway 192.0.2.1',
    'iface eth1 inet static inherits template',
    '    address 192.0.2.2/24',
    'iface eth2 inherits template',
    '    metric2 8',
    'iface eth3 inet static',
    '    inherits template',
    '    address 192.0.2.3',
    'mapping wlan0',
    '    script /bin/false',
    '    map HOME home',
    'no-scripts eth3',
    'iface eth4 inet manual',
    'source parts/*.cfg parts/other',
    'source parts/one',
    'source nowhere/*',
    'source-directory parts/d*',
    'iface eth5 inet dhcp',
    '    last one',
  ].join('\n'),
  'parts/20-second.cfg': 'iface second inet dhcp\n',
  'parts/10-first.cfg': 'iface first inet dhcp\n  metric 1\n  source nested/[!b]?z\n',
  'parts/.hidden.cfg': 'iface hidden inet dhcp\n',
  'parts/one': 'iface one inet dhcp\n',
  'parts/other': 'iface other inet dhcp\n',
  'parts/nested/xyz': 'iface xyz inet dhcp\n  metric 9\n',
  'parts/nested/byz': 'iface byz inet dhcp\n',
  'parts/directory/Good_name-1': 'iface good inet dhcp\n',
  'parts/directory/bad.name': 'iface bad inet dhcp\n',
  'parts/directory/backup~': 'iface backup inet dhcp\n',
}
/** ifquery computes these for static stanzas, and prints them in its own form. */
const computed = new Set(['address', 'netmask', 'broadcast'])

await t.test('ifupdown reads the same stanzas and options from the same files', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'interfaces-'))
  t.teardown(() => rm(root, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, 'etc/network', name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  const { stanzas, problems } = await readInterfaces(root)
  t.same(problems, [])
  const names = [
    'eth0',
    'template',
    'eth1',
    'eth2',
    'eth3',
    'eth4',
    'eth5',
    'first',
    'second',
    'one',
    'other',
    'hidden',
    'xyz',
    'byz',
    'good',
    'bad',
    'backup',
    'home',
  ]
  for (const name of names) {
    const theirs = await run(['ifquery', '-i', join(root, 'etc/network/interfaces'), name], { reject: false })
    const stanza = stanzas.find((each) => each.name === name)
    t.equal(stanza !== undefined, theirs.code === 0, `${name}: ${stanza ? 'known' : 'unknown'} to both`)
    if (!stanza) continue
    const options = [...stanza.options]
      .filter(([key]) => !computed.has(key))
      .map(([key, value]) => `${key}: ${value}`)
    const lines = theirs.stdout.split('\n').filter((line) => line && !computed.has(line.split(':')[0] ?? ''))
    t.same(options.sort(), lines.sort(), `${name}: the same options`)
  }
  t.same(
    stanzas.map(({ name }) => name),
    [
      'lo',
      'eth0',
      'template',
      'eth1',
      'eth2',
      'eth3',
      'eth4',
      'first',
      'xyz',
      'second',
      'one',
      'good',
      'eth5',
    ],
    'what is sourced stands where it was sourced',
  )
  t.match(
    stanzas.find(({ name }) => name === 'xyz'),
    { file: '/etc/network/parts/nested/xyz', line: 1, method: 'dhcp' },
  )
})

await t.test('a file that sources itself is read once', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'interfaces-'))
  t.teardown(() => rm(root, { recursive: true }))
  await mkdir(join(root, 'etc/network'), { recursive: true })
  await writeFile(join(root, 'etc/network/interfaces'), 'source interfaces\niface eth0 inet dhcp\n')
  t.equal((await readInterfaces(root)).stanzas.length, 1)
})

await t.test('a machine without ifupdown has no stanzas', async (t) => {
  t.same((await readInterfaces('/nonexistent')).stanzas, [])
})
