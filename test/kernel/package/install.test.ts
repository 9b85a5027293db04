// What `apt install` of the .deb leaves on a Debian 12 that has nothing but Debian's packages, Node 18 among them.

import t from 'tap'
import { keys } from '../../../src/config/schema.js'
import { deb, install, startDebian } from './debian.js'
import { kernelState } from './state.js'

const debian = await startDebian(t)
const before = await kernelState(debian)
await install(debian, deb)

t.test('as shipped it changes nothing in the kernel', async (t) => {
  t.equal(await kernelState(debian), before)
  await debian.sh('multilink apply')
  t.equal(await kernelState(debian), before)
})

t.test('every file is in its place, root owns it and only root may write it', async (t) => {
  const listed = await debian.sh('dpkg -L multilink | xargs realpath --no-symlinks | xargs stat -c "%A %U:%G %N"')
  const files = new Set(listed.replaceAll("'", '').split('\n'))
  const expected = [
    '-rw-r--r-- root:root /usr/share/multilink/multilink.conf',
    '-rw-r--r-- root:root /etc/dhcp/dhclient-exit-hooks.d/multilink',
    '-rw-r--r-- root:root /usr/lib/dhcpcd/dhcpcd-hooks/15-multilink',
    '-rwxr-xr-x root:root /etc/ppp/ip-up.d/multilink',
    '-rwxr-xr-x root:root /etc/ppp/ip-down.d/multilink',
    '-rwxr-xr-x root:root /etc/ppp/ipv6-up.d/multilink',
    '-rwxr-xr-x root:root /etc/ppp/ipv6-down.d/multilink',
    '-rwxr-xr-x root:root /etc/init.d/multilink',
    '-rwxr-xr-x root:root /etc/network/if-down.d/multilink',
    '-rwxr-xr-x root:root /etc/network/if-up.d/multilink',
    '-rw-r--r-- root:root /lib/systemd/system/multilink.service',
    '-rw-r--r-- root:root /lib/systemd/system/multilink-monitor.service',
    '-rwxr-xr-x root:root /usr/lib/multilink/lease',
    '-rwxr-xr-x root:root /usr/lib/multilink/udhcpc',
    '-rw-r--r-- root:root /lib/systemd/system/multilink-monitor.service',
    '-rw-r--r-- root:root /usr/lib/multilink/multilink.sh',
    '-rwxr-xr-x root:root /usr/lib/multilink/monitor',
    '-rwxr-xr-x root:root /usr/lib/multilink/start',
    '-rwxr-xr-x root:root /usr/lib/multilink/stop',
    '-rwxr-xr-x root:root /usr/sbin/multilink',
    '-rw-r--r-- root:root /usr/share/bash-completion/completions/multilink',
    '-rw-r--r-- root:root /usr/share/man/man5/multilink.conf.5.gz',
    '-rw-r--r-- root:root /usr/share/man/man8/multilink.8.gz',
    'lrwxrwxrwx root:root /usr/lib/sysctl.d/60-multilink.conf -> /var/lib/multilink/current/sysctl.conf',
    'drwxr-xr-x root:root /var/lib/multilink',
  ]
  for (const file of expected) t.ok(files.has(file), file)
  const shared = [...files].filter((file) => !/^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x|lrwxrwxrwx) root:root /.test(file))
  t.same(shared, [])
  t.equal(await debian.sh('stat -c "%A %U:%G %N" /etc/multilink.conf'), "-rw-r--r-- root:root '/etc/multilink.conf'")
  t.equal(await debian.sh('diff /etc/multilink.conf /usr/share/multilink/multilink.conf'), '', 'the config as shipped')
})

t.test('each program that the hooks call by its name is of a package that must be there', async (t) => {
  const depends = (await debian.sh("dpkg-query -W -f '${Depends}' multilink")).split(/[ ,|]+/)
  const programs = ['conntrack', 'find', 'flock', 'fping', 'ip', 'logger', 'mawk', 'modprobe', 'nft', 'node',
    'readlink', 'run-parts', 'sed', 'setpriv', 'sort', 'ss', 'timeout']
  for (const program of programs) {
    // dpkg has files of Debian 12 where they were before /bin became /usr/bin.
    const places = ['/bin', '/sbin', '/usr/bin', '/usr/sbin'].map((place) => `${place}/${program}`)
    const owners = await debian.sh(`dpkg -S ${places.join(' ')} 2>/dev/null || :`)
    const [name = ''] = owners.split(':')
    const essential = await debian.sh(`dpkg-query -W -f '\${Essential}' ${name}`)
    t.ok(essential === 'yes' || depends.includes(name), `${program} of ${name}`)
  }
})

t.test('the bundle runs on the Node of Debian 12', async (t) => {
  t.match(await debian.sh('node --version'), /^v18\./)
  t.equal(await debian.sh('multilink --version'), '1.0.0')
  t.equal(await debian.sh('cd / && multilink check --config /etc/multilink.conf >/dev/null && echo fine'), 'fine')
  await debian.sh(`cat >/root/two.conf <<-'END'
		[link.eth0]
		gateway = "192.168.1.1"
		[link.eth1]
		gateway = "172.16.0.1"
	END
    multilink render --config /root/two.conf --root /root/rendered`)
  const rendered = await debian.sh('ls /root/rendered/var/lib/multilink/current/')
  const scripts = ['boot', 'changed', 'if-down', 'if-up', 'monitor']
  t.same(rendered.split('\n'), [...scripts, 'multilink.conf', 'plan.json', 'rules.nft', 'sysctl.conf'])
})

t.test('multilink.conf(5) explains every key there is, and its example is right', async (t) => {
  const page = await debian.sh('zcat /usr/share/man/man5/multilink.conf.5.gz')
  for (const key of Object.values(keys).flat())
    t.match(page, new RegExp(`^\\.(B|TP).*\\n?.*(?:\\b|B)${key}\\b`, 'm'), key)
  const [, example = ''] = /^\.SH EXAMPLE\n\.nf\n(.*?)^\.fi$/ms.exec(page) ?? []
  t.match(example, /link\.wlan0/)
  await debian.sh(`cat >/root/example.conf <<'END'\n${example.replaceAll('\\-', '-')}\nEND
    multilink check --config /root/example.conf`)
})

t.test('bash completes every command there is, and its options', async (t) => {
  const complete = (...words: string[]) =>
    debian.sh(`bash -c '
      . /usr/share/bash-completion/bash_completion
      . /usr/share/bash-completion/completions/multilink
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=\${#COMP_LINE}
      _multilink
      echo "\${COMPREPLY[*]}"' bash ${words.map((word) => `'${word}'`).join(' ')}`)
  const help = await debian.sh('multilink --help')
  const commands = Array.from(help.matchAll(/^ {2}([a-z]+)\b/gm), ([, name]) => name as string)
  t.ok(commands.includes('apply'), commands.join(' '))
  for (const command of commands) {
    t.ok((await complete('multilink', '')).split(' ').includes(command), command)
    if (command === 'help') continue
    const options = new Set((await debian.sh(`multilink help ${command}`)).match(/--[a-z-]+/g))
    for (const option of options) t.ok((await complete('multilink', command, '--')).split(' ').includes(option), option)
  }
  t.equal(await complete('multilink', 'check', '--config', '/etc/multilink.c'), '/etc/multilink.conf')
})

t.test('the licence of every bundled package comes with it', async (t) => {
  const text = await debian.sh('zcat /usr/share/doc/multilink/bundled-packages.gz')
  // esbuild says before each module which file it was
  const modules = await debian.sh("grep -o '^// node_modules/.*' /usr/sbin/multilink")
  const folders = modules.matchAll(/node_modules\/((?:@[^/]+\/)?[^/\n]+)/g)
  const packages = new Set(Array.from(folders, ([, name]) => name as string))
  t.ok(packages.has('commander') && packages.has('execa'))
  for (const name of packages)
    t.match(text, new RegExp(`^${name} [0-9.]+ \\((MIT|ISC|BSD-2-Clause|Apache-2.0)\\)$`, 'm'), name)
})
