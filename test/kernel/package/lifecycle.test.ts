// Upgrade, remove, reinstall and purge of the .deb on a Debian 12 whose two links are up and in use by multilink.
//
//   eth0 192.168.1.2/24 -- gateway .1 (the default route)       eth1 172.16.0.2/16 -- gateway .0.1

import path from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { deb, install, startDebian, type Debian } from './debian.js'
import { files, kernelState } from './state.js'
import { until } from '../../lab/wait.js'

const config = `
[link.eth0]
[link.eth1]
gateway = "172.16.0.1"
`

/** A Debian with both links up, before multilink; and what it looked like then. */
async function startWithLinks(t: Test) {
  const debian = await startDebian(t)
  await debian.sh(`
    for link in eth0 eth1; do ip link add $link type veth peer name beyond-$link; ip link set beyond-$link up; done
    cat >/etc/network/interfaces <<-'END'
	iface eth0 inet static
	  address 192.168.1.2/24
	  gateway 192.168.1.1
	iface eth1 inet static
	  address 172.16.0.2/16
	END
    ifup eth0 eth1`)
  return { debian, kernel: await kernelState(debian), files: await files(debian) }
}

const configure = (debian: Debian) =>
  debian.sh(`cat >/etc/multilink.conf <<-'END'\n${config}\nEND\n multilink apply`)

const table = (debian: Debian) => debian.sh('nft -s -a list table inet multilink')
const rules = (debian: Debian) => debian.sh('ip rule; ip route show table all proto 157')

/** The monitor's processes; the first is the shell. */
const monitor = async (debian: Debian) => {
  const list = await debian.sh(`ps -C monitor -o pid=,args= | while read -r id args; do
      echo "$id $args"
      ps --ppid "$id" -o pid=,args= || : # none, or it has just ended
    done`)
  return list.split('\n').filter(Boolean)
}
/** The monitor's processes once nothing runs but the shell and its two that watch, of which none is in `others`. */
async function watches(debian: Debian, others: readonly string[] = []): Promise<string[]> {
  let processes: string[] = []
  await until('the monitor watches', async () => {
    processes = await monitor(debian)
    const known = processes.slice(1).some((line) => others.includes(line))
    return processes.length === 3 && processes.some((line) => line.includes('ip -N -o monitor')) && !known
  })
  return processes
}

/**
 * Has what destroys tables, routes and rules written down. Returns a way to end that: it answers what was written, once
 * all of it is. A table and a route of this test's, which are made and taken away, tell that both listen, and at the
 * end that nothing is on its way any more.
 */
async function watchDestruction(debian: Debian): Promise<() => Promise<{ tables: string; routing: string }>> {
  const mark = (name: string, network: string) => `
    until grep -q ${name} /root/destroyed && grep -q 'Deleted.*${network}' /root/routing; do
      nft 'add table ip ${name}; delete table ip ${name}'
      ip route add ${network} dev lo
      ip route delete ${network} dev lo
      sleep 0.05
    done`
  await debian.sh(`
    nft monitor destroy >/root/destroyed 2>&1 & echo $! >/root/monitor
    ip monitor route rule >/root/routing 2>&1 & echo $! >>/root/monitor
    ${mark('first-mark', '198.51.100.0/25')}`)
  return async () => {
    await debian.sh(`${mark('last-mark', '198.51.100.128/25')}
      kill $(cat /root/monitor)`)
    return {
      tables: await debian.sh("grep table /root/destroyed | grep -v -e '-mark' || true"),
      routing: await debian.sh('grep Deleted /root/routing | grep -v 198.51.100 || true'),
    }
  }
}

/** The same package as a later version, with newer conffiles and another config as shipped. */
async function nextVersion(t: Test): Promise<string> {
  const folder = t.testdir()
  const next = path.join(folder, 'multilink-next.deb')
  await execa('sh', ['-euc', `
    cd "$1" && dpkg-deb -R "$2" tree
    sed -i 's/^Version: .*/Version: 99/' tree/DEBIAN/control
    for conffile in $(cat tree/DEBIAN/conffiles); do echo '# a newer one' >>"tree$conffile"; done
    echo '# a newer one' >>tree/usr/share/multilink/multilink.conf
    dpkg-deb --root-owner-group -b tree "$3"`, 'sh', folder, deb, next])
  return next
}

t.test('purge gives back the kernel and the files as they were before the install', async (t) => {
  const { debian, ...before } = await startWithLinks(t)
  await install(debian, deb)
  await configure(debian)
  t.not(await kernelState(debian), before.kernel, 'multilink is in use')
  await debian.sh('ifdown eth1; ifup eth1; ifdown eth0; ifup eth0')
  await watches(debian)
  await debian.sh('apt-get purge -y multilink')
  t.equal(await kernelState(debian), before.kernel)
  t.equal(await files(debian), before.files)
  t.strictSame(await monitor(debian), [])
})

t.test('remove takes everything out of the kernel, and the hooks that stay in /etc do nothing', async (t) => {
  const { debian, ...before } = await startWithLinks(t)
  await install(debian, deb)
  await configure(debian)
  await debian.sh('apt-get remove -y multilink')
  t.equal(await kernelState(debian), before.kernel)
  await debian.sh('test -x /etc/network/if-up.d/multilink && test -x /etc/network/if-down.d/multilink')
  t.equal(await debian.sh('ifdown eth1; ifup eth1'), '', 'no hook complains')
  t.equal(await kernelState(debian), before.kernel)

  t.test('installed again, it takes up the same work with the same config', async (t) => {
    await install(debian, deb)
    t.equal((await debian.sh('cat /etc/multilink.conf')).trim(), config.trim())
    t.match(await table(debian), /use_eth1/)
    t.match(await rules(debian), /default via 172.16.0.1 dev eth1/)
    await watches(debian)
  })

  t.test('purged after remove, nothing is left either', async (t) => {
    await debian.sh('apt-get remove -y multilink')
    await debian.sh('apt-get purge -y multilink')
    t.equal(await kernelState(debian), before.kernel)
    t.equal(await files(debian), before.files)
  })
})

t.test('an upgrade', async (t) => {
  const { debian } = await startWithLinks(t)
  await install(debian, deb)
  await configure(debian)
  const before = { table: await table(debian), rules: await rules(debian) }
  const watched = await watches(debian)
  const destroyed = await watchDestruction(debian)
  const printed = await install(debian, await nextVersion(t))

  t.test('leaves table, rules and routes in place all the while', async (t) => {
    t.equal(await debian.sh("dpkg-query -W -f '${Version}' multilink"), '99')
    t.strictSame(await destroyed(), { tables: '', routing: '' })
    t.same({ table: await table(debian), rules: await rules(debian) }, before)
  })

  t.test('has the monitor begin anew, with the new files', async (t) => {
    const now = await watches(debian, watched)
    t.equal(now.length, 3)
    t.equal(now[0], watched[0])
  })

  t.test('asks nothing, keeps the config of the admin and brings the conffiles that were not touched', async (t) => {
    t.notMatch(printed, /rror/)
    t.equal((await debian.sh('cat /etc/multilink.conf')).trim(), config.trim())
    for (const file of ['/etc/init.d/multilink', '/etc/network/if-up.d/multilink', '/etc/network/if-down.d/multilink'])
      t.match(await debian.sh(`tail -1 ${file}`), /a newer one/, file)
  })
})

t.test('after `multilink stop` an upgrade leaves it stopped', async (t) => {
  const { debian, ...before } = await startWithLinks(t)
  await install(debian, deb)
  await configure(debian)
  await debian.sh('multilink stop')
  t.equal(await kernelState(debian), before.kernel)
  await install(debian, await nextVersion(t))
  t.equal(await kernelState(debian), before.kernel)
})

t.test('a config that is there before the install is left alone, and nobody is asked', async (t) => {
  const debian = await startDebian(t)
  const own = '# of the admin'
  await debian.sh(`echo '${own}' >/etc/multilink.conf`)
  for (const file of [deb, await nextVersion(t)]) {
    await install(debian, file)
    t.equal(await debian.sh('cat /etc/multilink.conf'), own)
  }
  await debian.sh('rm /etc/multilink.conf; dpkg-reconfigure multilink')
  t.match(await debian.sh('cat /etc/multilink.conf'), '# a newer one', 'a first one where there is none')
})

t.test('an upgrade from a version whose config was a conffile', async (t) => {
  const debian = await startDebian(t)
  const folder = t.testdir()
  const earlier = path.join(folder, 'multilink-earlier.deb')
  await execa('sh', ['-euc', `
    cd "$1" && dpkg-deb -R "$2" tree
    sed -i 's/^Version: .*/Version: 0/' tree/DEBIAN/control
    sed -i '/No conffile/,/^    fi$/d' tree/DEBIAN/postinst
    sed -i 's| /etc/multilink.conf .*;;$| ;;|' tree/DEBIAN/postrm
    ! grep multilink.conf tree/DEBIAN/p*
    echo '# as shipped then' >tree/etc/multilink.conf
    echo /etc/multilink.conf >>tree/DEBIAN/conffiles
    dpkg-deb --root-owner-group -b tree "$3"`, 'sh', folder, deb, earlier])
  await install(debian, earlier)
  await debian.sh("echo '# edited' >>/etc/multilink.conf")
  await install(debian, deb)
  t.equal(await debian.sh('cat /etc/multilink.conf'), '# as shipped then\n# edited')
  t.equal(await debian.sh('ls /etc/multilink.conf*'), '/etc/multilink.conf')
  await debian.sh('apt-get purge -y multilink')
  t.equal(await debian.sh('ls /etc/multilink.conf* 2>/dev/null || echo gone'), 'gone')
})
