// Events: what the executables in /etc/multilink/event.d are told, in which order, and that nobody waits for them. Each
// box gets a recorder there, and a `logger` that writes to a file.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { allLinks, configureAll, linkConfigs, links, makeBox, type Box, type LinkName } from '../hooks/box.js'
import { until } from '../../lab/wait.js'
import { fileLimit } from '../../limits.js'
import { project } from '../../program.js'

const { eth0, eth1, rausb0 } = linkConfigs
const folder = '/etc/multilink/event.d'

const recorder = `#!/bin/sh
{ env | grep -v -e '^PWD=' -e '^_=' | sort; echo; } >>/run/told`

/** An executable in event.d. */
async function program(box: Box, name: string, text: string, mode = '755'): Promise<void> {
  const { code } = await box.run(`mkdir -p ${folder}; cat >${folder}/${name}; chmod ${mode} ${folder}/${name}`, text)
  if (code !== 0) throw new Error(`${name} could not be written`)
}

/** Seconds after which a program is ended: it is a test that ends one, and not this machine by being slow. */
const limit = fileLimit / 1000

/** A box with all links up and applied, before anything was told. */
async function quietBox(t: Test): Promise<Box> {
  const box = await makeBox(t)
  await configureAll(box)
  await box.sh(`rm -rf /etc/multilink
    rm /usr/bin/logger
    printf '#!/bin/sh\\ncase $* in *--*) ;; *) exec cat >>/run/logged ;; esac\\n' >/usr/bin/logger
    chmod 755 /usr/bin/logger
    : >/run/logged
    : >/run/told
    sed -i 's/^limit=60$/limit=${limit}/' /usr/lib/multilink/run-events
    grep -q '^limit=${limit}$' /usr/lib/multilink/run-events`)
  const { code, stderr } = await box.apply(allLinks)
  if (code !== 0) throw new Error(`the first apply failed: ${stderr}`)
  return box
}

/** What was told so far: the environment of each run of the recorder. */
async function told(box: Box): Promise<Record<string, string>[]> {
  const runs = (await box.sh('cat /run/told')).split('\n\n').filter((run) => run.trim() !== '')
  return runs.map((run) => Object.fromEntries(run.trim().split('\n').map((line) => {
    const at = line.indexOf('=')
    return [line.slice(0, at), line.slice(at + 1)]
  })))
}

const short = (events: readonly Record<string, string>[]) =>
  events.map(({ MULTILINK_EVENT: event, MULTILINK_LINK: link }) => `${event} ${link}`)

/** Waits until no event waits and no runner is at work; without its lock, which a runner must not find held. */
async function settled(box: Box): Promise<void> {
  // /proc/locks has everybody's, by major (0 of a tmpfs), minor (both in hexadecimal) and inode.
  const lock = '$(printf "00:%02x:%s" $(stat -c "%Ld %i" .lock))'
  const idle = `cd /run/multilink/.queue && [ -z "$(ls)" ] && ! grep -q "FLOCK .* ${lock} " /proc/locks`
  await until('all events have been told', async () => (await box.run(idle)).code === 0)
}

/** What the log has got by the time that nobody is left who writes there. */
async function logged(box: Box): Promise<string> {
  await box.rests()
  return box.sh('cat /run/logged')
}

const up = (box: Box, link: LinkName) => box.ifUp(link, { IF_GATEWAY: links[link].gateway })

t.test('a link that goes and comes is told of in order, with its facts and nothing else', async (t) => {
  const box = await quietBox(t)
  await program(box, 'record', recorder)
  await box.ifDown('eth1')
  await up(box, 'eth1')
  await settled(box)
  const events = await told(box)
  t.strictSame(short(events), ['lost eth1', 'down eth1', 'up eth1', 'usable eth1'])
  const always = { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }
  const facts = {
    ...always, MULTILINK_LINK: 'eth1', MULTILINK_MARK: '0x02000000', MULTILINK_TABLE: '1002', MULTILINK_DEFAULT: 'eth0',
    MULTILINK_ADDRESS: '172.16.0.2', MULTILINK_GATEWAY: '172.16.0.1', MULTILINK_ADDRESS6: '', MULTILINK_GATEWAY6: '',
  }
  const gone = { ...facts, MULTILINK_REASON: 'taken down by ifdown', MULTILINK_USABLE: 'eth0 rausb0' }
  const back = { ...facts, MULTILINK_REASON: '', MULTILINK_USABLE: 'eth0 eth1 rausb0' }
  t.strictSame(events, [
    { ...gone, MULTILINK_EVENT: 'lost', MULTILINK_FAMILY: '4' },
    { ...gone, MULTILINK_EVENT: 'down', MULTILINK_FAMILY: '' },
    { ...back, MULTILINK_EVENT: 'up', MULTILINK_FAMILY: '' },
    { ...back, MULTILINK_EVENT: 'usable', MULTILINK_FAMILY: '4' },
  ])

  await t.test('the default link, and who takes its place', async (t) => {
    await box.ifDown('eth0')
    await settled(box)
    t.equal((await told(box)).at(-1)?.MULTILINK_DEFAULT, 'eth1')
    await up(box, 'eth0')
  })

  await t.test('an interface that went, noticed by another link\'s hook', async (t) => {
    await settled(box)
    const before = (await told(box)).length
    await box.sh('ip link set rausb0 down')
    await up(box, 'eth0')
    await settled(box)
    const news = (await told(box)).slice(before)
    t.strictSame(short(news), ['lost rausb0', 'down rausb0'])
    for (const { MULTILINK_REASON: reason } of news) t.equal(reason, 'its interface is down or absent')
    t.equal(news[0]?.MULTILINK_ADDRESS, '192.168.0.2', 'the address that it had')
    await box.configure('rausb0')
    await up(box, 'rausb0')
  })

  await t.test('an address or gateway that changed while the link is usable', async (t) => {
    await settled(box)
    const before = (await told(box)).length
    await box.sh('ip address flush dev rausb0; ip address add 192.168.0.77/24 dev rausb0')
    await up(box, 'rausb0')
    await settled(box)
    const news = (await told(box)).slice(before)
    t.strictSame(short(news), ['usable rausb0'])
    t.equal(news[0]?.MULTILINK_ADDRESS, '192.168.0.77')
  })

  await t.test('a link that leaves the config', async (t) => {
    const before = (await told(box)).length
    await box.apply(`${eth0}${eth1}`)
    await settled(box)
    const news = (await told(box)).slice(before)
    t.strictSame(short(news), ['lost rausb0'])
    t.equal(news[0]?.MULTILINK_USABLE, 'eth0 eth1')
    await box.apply(`${eth0}${eth1}${rausb0}`)
    await settled(box)
    t.strictSame(short((await told(box)).slice(before + 1)), ['up rausb0', 'usable rausb0'])
  })

  await t.test('hooks and applies without news tell nothing', async (t) => {
    const before = (await told(box)).length
    for (let time = 0; time < 3; time++) await up(box, 'eth1')
    await box.apply(allLinks)
    await settled(box)
    t.equal((await told(box)).length, before)
  })
})

t.test('each family on its own', async (t) => {
  const box = await quietBox(t)
  await program(box, 'record', recorder)
  await box.sh('ip address add 2001:db8::2/64 dev eth1 nodad')
  await box.apply(allLinks.replace('[link.eth1]\n', '[link.eth1]\ngateway6 = "fe80::1"\n'))
  await box.sh('ip address del 2001:db8::2/64 dev eth1')
  await up(box, 'eth1')
  await settled(box)
  const events = await told(box)
  t.strictSame(short(events), ['usable eth1', 'lost eth1'])
  for (const event of events) {
    t.match(event, {
      MULTILINK_FAMILY: '6', MULTILINK_ADDRESS: '172.16.0.2', MULTILINK_GATEWAY: '172.16.0.1',
      MULTILINK_ADDRESS6: '2001:db8::2', MULTILINK_GATEWAY6: 'fe80::1', MULTILINK_USABLE: 'eth0 eth1 rausb0',
    })
  }
  t.equal(events[0]?.MULTILINK_DEFAULT, 'eth1', 'the only one that leads out')
  t.equal(events[1]?.MULTILINK_REASON, 'it has no IPv6 address')
  t.equal(events[1]?.MULTILINK_DEFAULT, '')
})

t.test('a program at work holds nothing of the hooks, which return; the next events wait in order', async (t) => {
  const box = await quietBox(t)
  await program(box, '10-slow', `#!/bin/sh
    [ "$MULTILINK_LINK $MULTILINK_EVENT" = 'eth1 lost' ] || exit 0
    echo $$ >/run/slow
    until [ -e /run/go ]; do sleep 0.05; done`)
  await program(box, '90-record', recorder)
  // Were the pipe that the hook's output is read from open in a program, this would wait for it.
  await box.ifDown('eth1')
  await until('it works', async () => (await box.run('[ -s /run/slow ]')).code === 0)
  const slow = (await box.sh('cat /run/slow')).trim()
  // The sweep of a link that was lost may have it just now, but lets go.
  t.equal(await box.sh('flock /run/multilink/.lock echo free'), 'free', 'what is at work does not hold the lock')
  const open = await box.sh(`for fd in /proc/${slow}/fd/*; do readlink $fd; done`)
  t.match(open, '/dev/null')
  t.notMatch(open, '/run/')
  t.not(await box.sh(`ps -o sid= -p ${slow}`), await box.sh('ps -o sid= -p $$'), 'a session of its own')
  const { session } = (await box.guests()).find(({ id }) => id === Number(slow)) ?? {}
  await Promise.all([box.ifDown('eth0'), up(box, 'eth1')])
  await up(box, 'eth0')
  await until('no other runner is left', async () => (await box.guests()).every((guest) => guest.session === session))
  t.strictSame(await told(box), [], 'four hooks have ended, and nothing overtook the first event')
  await box.sh(': >/run/go')
  await settled(box)
  const events = short(await told(box))
  for (const link of ['eth0', 'eth1']) {
    const expected = [`lost ${link}`, `down ${link}`, `up ${link}`, `usable ${link}`]
    t.strictSame(events.filter((event) => event.endsWith(link)), expected)
  }
})

t.test('a program that hangs is ended, one that fails is logged, and the others run', async (t) => {
  const box = await quietBox(t)
  // Its time is over as soon as it hangs: its parent, timeout(1), gets SIGALRM for that, once it waits. The shell has
  // started everything by then: dash blocks all signals while it starts a command, so what it is just starting would
  // miss the signal that timeout sends to the group.
  await program(box, '10-hangs', `#!/bin/sh
    echo $$ >>/run/hanging
    tr '\\0' ' ' </proc/$PPID/cmdline >>/run/limits
    echo >>/run/limits
    echo about to hang
    sleep ${limit} &
    until grep -q '^State:.S' /proc/$PPID/status; do sleep 0.01; done
    kill -ALRM $PPID
    wait`)
  await program(box, '20-fails', '#!/bin/sh\nexit 7\n')
  await program(box, '30-reads', '#!/bin/sh\n[ -z "$(cat)" ]\n')
  await program(box, '90-record', recorder)
  await box.ifDown('eth1')
  await settled(box)
  t.strictSame(short(await told(box)), ['lost eth1', 'down eth1'])
  for (const id of (await box.sh('cat /run/hanging')).split('\n')) {
    t.equal((await box.run(`kill -0 ${id}`)).code, 1, 'it was ended')
  }
  const command = `timeout --kill-after=5 ${limit} ${folder}/10-hangs `
  t.equal(await box.sh('cat /run/limits'), `${command}\n${command}`, 'once for each event')
  const log = await logged(box)
  t.match(log, 'about to hang')
  t.match(log, `${folder}/10-hangs (lost eth1) was ended after ${limit} seconds`)
  t.match(log, `${folder}/20-fails (down eth1) failed (exit 7)`)
  t.notMatch(log, '30-reads', 'standard input is empty')
})

t.test('a program that leaves something running behind holds nothing up', async (t) => {
  const box = await quietBox(t)
  await program(box, '10-leaves', `#!/bin/sh\nsleep ${limit} & echo $! >>/run/left\n`)
  await program(box, '90-record', recorder)
  await box.ifDown('eth1')
  await up(box, 'eth1')
  await settled(box)
  t.strictSame(short(await told(box)), ['lost eth1', 'down eth1', 'up eth1', 'usable eth1'])
  await box.sh('xargs kill </run/left')
})

t.test('many hooks at once: each link\'s events alternate as the link did', async (t) => {
  const box = await quietBox(t)
  await program(box, 'record', recorder)
  const flap = async (link: LinkName) => {
    for (let time = 0; time < 5; time++) {
      await box.ifDown(link)
      await up(box, link)
    }
  }
  await Promise.all([flap('eth0'), flap('eth1'), flap('rausb0')])
  await settled(box)
  const events = short(await told(box))
  for (const link of ['eth0', 'eth1', 'rausb0']) {
    const cycle = [`lost ${link}`, `down ${link}`, `up ${link}`, `usable ${link}`]
    t.strictSame(events.filter((event) => event.endsWith(link)), [...cycle, ...cycle, ...cycle, ...cycle, ...cycle])
  }
})

t.test('only what run-parts would run; and when there is none, no process is started', async (t) => {
  const box = await quietBox(t)
  await program(box, 'README', 'echo README >>/run/told', '644')
  for (const name of ['record.dpkg-old', 'record~', '.record', 'no.sh']) {
    await program(box, name, `#!/bin/sh\necho ${name} >>/run/told`)
  }
  await box.sh(`mkdir ${folder}/subfolder`)
  await box.ifDown('eth1')
  t.equal((await box.run('ls -d /run/multilink/.queue')).code, 2, 'nothing was queued')
  await program(box, 'record', recorder)
  await up(box, 'eth1')
  await settled(box)
  t.strictSame(short(await told(box)), ['up eth1', 'usable eth1'], 'and what happened before is not told later')
})

/** A script that is found instead of a program. */
async function replace(box: Box, name: string, text: string): Promise<void> {
  const place = `/usr/local/sbin/${name}`
  const { code } = await box.run(`printf '#!/bin/sh\n' >${place}; cat >>${place}; chmod 755 ${place}`, text)
  if (code !== 0) throw new Error(`${name} could not be replaced`)
}

t.test('events are made only if somebody listens, and after the kernel was told everything', async (t) => {
  const box = await quietBox(t)
  // What awk prints is kept; what changes something in the kernel notes whether there were events by then.
  await replace(box, 'awk', 'mawk "$@" >/run/printed.$$ || exit\ncat /run/printed.$$\n')
  const made = 'grep -rl MULTILINK_EVENT /run/printed.* /run/multilink'
  for (const name of ['nft', 'ip']) {
    await replace(box, name, `
      case $* in
      *-f*) ! ${made} >/dev/null || echo "${name} $*" >>/run/waited; echo "${name} $*" >>/run/ran ;;
      esac
      exec /usr/sbin/${name} "$@"`)
  }
  await box.ifDown('eth1')
  await up(box, 'eth1')
  t.equal((await box.run(made)).stdout, '', 'nobody listens')
  await program(box, 'record', recorder)
  await box.sh('rm /run/ran')
  await box.ifDown('eth1')
  await settled(box)
  t.strictSame(short(await told(box)), ['lost eth1', 'down eth1'])
  t.not((await box.run(made)).stdout, '', 'somebody listens')
  t.match(await box.sh('cat /run/ran'), /^nft -f -$[^]*^ip -4 -force -batch -$/m)
  t.equal((await box.run('cat /run/waited')).stdout, '', 'none of these found events')
})

t.test('a hook that is killed before it noted what it told: told again rather than never', async (t) => {
  const box = await quietBox(t)
  await program(box, 'record', recorder)
  await replace(box, 'mv', 'case $* in *.told) exec kill -KILL $PPID ;; esac\nexec /usr/bin/mv "$@"\n')
  await box.ifDown('eth1')
  await box.sh('rm /usr/local/sbin/mv')
  await settled(box)
  t.strictSame(short(await told(box)), ['lost eth1', 'down eth1'])
  await up(box, 'eth0')
  await settled(box)
  t.strictSame(short(await told(box)), ['lost eth1', 'down eth1', 'lost eth1', 'down eth1'])
  await up(box, 'eth0')
  await settled(box)
  t.equal((await told(box)).length, 4, 'and not a third time')
})

t.test('a queue that nobody empties does not grow for ever: the oldest go', async (t) => {
  const box = await quietBox(t)
  await program(box, 'record', recorder)
  await box.sh(`mkdir -p /run/multilink/.queue
    for n in $(seq 100000001 100000150); do
      printf 'MULTILINK_EVENT=usable\\nMULTILINK_LINK=n%s\\n\\n' $n >/run/multilink/.queue/$n
    done
    /usr/lib/multilink/run-events`)
  const events = short(await told(box))
  t.equal(events.length, 100)
  t.equal(events.at(0), 'usable n100000051')
  t.equal(events.at(-1), 'usable n100000150')
  t.match(await logged(box), 'the oldest are left out')
})

t.test('under systemd what a hook leaves behind is a unit, and without an answer from systemd a process', async (t) => {
  const box = await quietBox(t)
  await program(box, 'record', recorder)
  await box.sh(`mkdir -p /run/systemd/system
    rm -f /usr/bin/systemd-run
    printf '#!/bin/sh\\necho "$*" >>/run/asked\\nexit 1\\n' >/usr/bin/systemd-run
    chmod 755 /usr/bin/systemd-run`)
  await box.ifDown('eth1')
  await settled(box)
  const asked = (await box.sh('cat /run/asked')).replace(/\.sweep\.\d+$/m, '.sweep.ID').split('\n')
  const options = '--quiet --no-block --collect'
  t.strictSame(asked, [
    `${options} /usr/lib/multilink/sweep /run/multilink/.sweep.ID`,
    `${options} /usr/lib/multilink/run-events`,
  ])
  t.strictSame(short(await told(box)), ['lost eth1', 'down eth1'])
  await box.rests()
  await box.sh("printf '#!/bin/sh\\necho unit >>/run/asked\\n' >/usr/bin/systemd-run")
  await up(box, 'eth1')
  t.match(await box.sh('cat /run/asked'), /unit$/)
  t.strictSame(await box.guests(), [], 'none of its own')
  t.equal((await told(box)).length, 2)
  t.not(await box.sh('ls /run/multilink/.queue'), '', 'it waits for the unit')
  await box.sh('/usr/lib/multilink/run-events')
  t.strictSame(short((await told(box)).slice(2)), ['up eth1', 'usable eth1'])
})

t.test('the examples: mail, and names in the DNS that follow the links', async (t) => {
  const box = await quietBox(t)
  const examples = await Promise.all(['curl', 'mail', 'nsupdate'].map(async (name) =>
    ({ name, text: await readFile(join(project, 'examples', name), 'utf8') })))
  for (const { name, text } of examples) await program(box, name, text)
  await box.sh(`for name in curl sendmail nsupdate; do
      rm -f /usr/bin/$name /usr/sbin/$name
      printf '#!/bin/sh\\n{ echo "$*"; cat; } >>/run/to-%s\\n' $name >/usr/bin/$name
      chmod 755 /usr/bin/$name
    done
    mkdir -p /var/lib/misc`)
  await box.ifDown('eth1')
  await up(box, 'eth1')
  await box.sh('ip address flush dev eth1; ip address add 172.16.0.3/16 dev eth1')
  await up(box, 'eth1')
  await box.ifDown('eth1')
  t.equal(await logged(box), '', 'none complains')
  const mails = await box.sh('cat /run/to-sendmail')
  t.match(mails, /^-t\nTo: root\nSubject: \S+: eth1 is lost \(IPv4\)\n\nLink eth1/)
  t.match(mails, 'Reason: taken down by ifdown\n\nAddress: 172.16.0.2')
  t.match(mails, 'Usable now: eth0 eth1 rausb0')
  const updates = (await box.sh('cat /run/to-nsupdate')).split('\n').filter((line) => line.startsWith('update'))
  t.strictSame(updates, [
    'update add home.example.net 60 A 172.16.0.2',
    'update delete home.example.net A 172.16.0.2',
    'update add home.example.net 60 A 172.16.0.3',
    'update delete home.example.net A 172.16.0.3',
  ])
  const requests = (await box.sh('cat /run/to-curl')).split('\n')
  t.equal(requests.length, 2, 'once when it came back, once when its address changed')
  t.match(requests[0], /-4 --interface eth1 https:/)
})
