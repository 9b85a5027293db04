// Whatever is refused leaves the old state working: every rule, route and file is as it was before.

import t from 'tap'
import { allLinks, appliedBox, configureAll, linkConfigs, makeBox } from './box.js'

const { eth0, eth1 } = linkConfigs

/** What is refused, and how the kernel, the files and the exit code tell. */
const refusals: { what: string; config: string; before?: string; prepare?: string; code: number; message: RegExp }[] = [
  {
    what: 'a config with an error',
    config: `${allLinks}weight = 300\n`,
    code: 1,
    message: /^\/etc\/multilink\.conf:7:10: .*300/m,
  },
  {
    what: 'a config that its group may write',
    config: eth0,
    before: 'chmod 664 /etc/multilink.conf;',
    code: 1,
    message: /mode 0664 lets others write it.*chmod go-w/,
  },
  {
    what: 'a config that somebody else owns',
    config: eth0,
    before: 'chown 1000 /etc/multilink.conf;',
    code: 1,
    message: /belongs to uid 1000.*chown root:root/,
  },
  {
    what: 'rules that nft does not take',
    config: eth0,
    prepare: 'sed -i "s/chain guard {/chain guard { nonsense/" /usr/share/multilink/templates/rules.nft.mustache',
    code: 3,
    message: /nft refused the new rules \(rules\.nft:\d+.*syntax error.*nothing was changed/,
  },
  {
    what: 'a template with an unknown name',
    config: eth0,
    prepare: 'echo "{{nobody}}" >>/usr/share/multilink/templates/rules.nft.mustache',
    code: 3,
    message: /unknown name "nobody"/,
  },
  {
    what: 'damaged numbers',
    config: eth0,
    prepare: 'echo "{" >/var/lib/multilink/numbers.json',
    code: 3,
    message: /numbers\.json is damaged.*nothing was changed/,
  },
  {
    what: 'a missing library',
    config: eth0,
    prepare: 'rm /usr/lib/multilink/install-generation',
    code: 3,
    message: /install-generation is missing; reinstall multilink; nothing was changed/,
  },
]

t.test('refused, and every rule, route and file is as it was:', async (t) => {
  const box = await appliedBox(t)
  const changed = ['/usr/share/multilink', '/usr/lib/multilink', '/var/lib/multilink']
  await box.sh(`mkdir /run/good; cp -a --parents ${changed.join(' ')} /run/good`)
  for (const { what, config, before = '', prepare = ':', code, message } of refusals) {
    await t.test(what, async (t) => {
      await box.sh(prepare)
      const was = await box.state()
      const result = await box.apply(config, before)
      t.equal(result.code, code)
      t.match(result.stderr, message)
      t.equal(await box.state(), was)
      await box.sh('cp -a /run/good/. /')
    })
  }
})

/** A program of that name that fails when its arguments match, and is itself otherwise. */
const shim = (name: string, pattern: string) => `mkdir -p /run/shims
  cat >/run/shims/${name} <<'END'
#!/bin/sh
case "$*" in ${pattern}) cat >/dev/null; echo "Error: Could not process rule: Out of memory" >&2; exit 1 ;; esac
exec /usr/sbin/${name} "$@"
END
  chmod 755 /run/shims/${name}`
const shimmed = 'PATH=/run/shims:$PATH'

for (const [name, pattern, what] of [
  ['nft', '"-f "*', 'nft takes the rules in the check and refuses them when they are loaded'],
  ['ip', '*"-force -batch"*', 'ip refuses the new rules and routes'],
] as const) {
  t.test(`${what}: exit 3, and the generation before is current and runs`, async (t) => {
    const box = await appliedBox(t)
    await box.sh(shim(name, pattern))
    const was = await box.state('kernel')
    const { code, stderr } = await box.apply(`${eth0}weight = 3\n${eth1}[link.ppp9]\n`, shimmed)
    t.equal(code, 3)
    t.match(stderr, /could not be loaded.*Out of memory.*everything is as it was before/)
    t.equal(await box.sh('readlink /var/lib/multilink/current'), 'generations/1')
    t.equal(await box.state('kernel'), was)
    t.equal((await box.apply(allLinks)).code, 0, 'without the refusal it works')
    t.equal(await box.state('kernel'), was)
  })
}

for (const [name, pattern] of [['nft', '"-f "*'], ['ip', '*"-force -batch"*']] as const) {
  t.test(`a refusal by ${name} of the first set ever leaves nothing that can be taken away`, async (t) => {
    const box = await makeBox(t)
    await box.configure('eth0')
    const was = await box.state('kernel')
    await box.sh(shim(name, pattern))
    const { code, stderr } = await box.apply(allLinks, shimmed)
    t.equal(code, 3)
    const after = name === 'nft' ? /not all that was before could be put back/ : /everything is as it was before/
    t.match(stderr, after)
    t.equal(await box.state('kernel'), was)
    t.equal((await box.run('readlink /var/lib/multilink/current')).code, 1)
  })
}

t.test('a full disk: refused, and every rule, route and file is as it was', async (t) => {
  const box = await makeBox(t)
  await box.sh('mount -t tmpfs -o size=200k,mode=755 tmpfs /var/lib/multilink')
  await configureAll(box)
  await box.apply(allLinks)
  const fill = (free: string) => box.sh(`cd /var/lib/multilink
    cat /dev/zero >filler 2>/dev/null || :
    truncate -s -${free} filler`)
  for (const free of ['0', '4K', '16K', '24K']) {
    await fill(free)
    const was = await box.state()
    const { code, stderr } = await box.apply(eth0, '')
    t.equal(code, 3, `${free} free`)
    t.match(stderr, /cannot write .*ENOSPC.*nothing was changed/)
    t.equal(await box.state(), was)
  }
  await box.sh('rm /var/lib/multilink/filler')
  t.equal((await box.apply(eth0)).code, 0, 'with room again it works')
})
