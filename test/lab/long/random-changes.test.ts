// 200 changes by chance to three links of both families, under load: after each the kernel holds what a fresh start
// would build, no connection over an untouched link broke, and no gateway ever saw a foreign source. MULTILINK_SEED=N
// makes other changes, MULTILINK_CHANGES=N fewer or more. `npm run test:links -- test/lab/long/random-changes.test.ts`

import t, { type Test } from 'tap'
import { betweenRuns, ownState } from '../kernel-state.js'
import type { Lab } from '../network.js'
import { deb, labOf, ports } from '../scenario.js'
import { hostOf, lan, links, linkSeenAs, stanza, type Family } from '../topology.js'
import { until } from '../wait.js'
import { randomNumbers } from '../../random.js'
import { dhcpServer, type DhcpServer } from '../leases/dhcp-server.js'
import { addOtherGateways, configFor, dhclientPace, gatewaysOf, make, stanzaWithMetric } from './changes.js'
import { featuresOf, startMonitor } from './features.js'
import { familyOf, startLoad, type Load } from './load.js'
import { after, allSound, describe, hasAddress, isBoundTo, isProbed, isThere, isUsable } from './model.js'
import { leasedLink, possibleChanges, usableLinks } from './model.js'
import type { Features, LinkState, State } from './model.js'

const seed = Number(process.env['MULTILINK_SEED'] ?? 1)
const count = Number(process.env['MULTILINK_CHANGES'] ?? 200)

/** A time in which nothing was changed, and what was usable then. */
interface Calm {
  /** the change before it */
  readonly title: string
  readonly from: number
  to: number
  readonly ways: Record<Family, Ways>
}

/** The links that should take a family's connections, none, or whatever the kernel says. */
type Ways = readonly string[] | 'unknown'

/** Where only checks fail, no link is better than the kernel's own choice, and its packets are lost. */
function waysOut(state: State, family: Family): Ways {
  const usable = usableLinks(state, family)
  const there = Object.values(state).some((link) => isThere(link, family))
  return usable.length === 0 && there ? 'unknown' : usable
}

/** A calm that begins now; until it is known when it ends, it has no length. */
function calmIn(title: string, state: State): Calm {
  return { title, from: Date.now(), to: 0, ways: { 4: waysOut(state, 4), 6: waysOut(state, 6) } }
}

async function startLab(t: Test): Promise<{ lab: Lab; server: DhcpServer; features: Features }> {
  const lab = await labOf(t, { deb, v6: 'static' })
  for (const link of links) {
    await lab.box.write(`/etc/network/interfaces.d/${link.name}`, stanzaWithMetric(link))
    await addOtherGateways(lab, link)
  }
  await lab.box.write(`/etc/network/interfaces.d/${lan.device}`, stanza(lan.device, 'static'))
  await lab.box.write('/etc/multilink.conf', configFor(allSound, false))
  await lab.box.run(['multilink', 'apply'])
  const features = await featuresOf(lab.box)
  if (features.checks) {
    await lab.box.write('/etc/multilink.conf', configFor(allSound, true))
    await lab.box.run(['multilink', 'apply'])
  }
  if (features.monitor) await startMonitor(lab)
  await lab.box.sh(`cat >>/etc/dhcp/dhclient.conf <<'END'${dhclientPace}END`)
  const server = await dhcpServer(t, lab, leasedLink)
  await server.start()
  await lab.box.run(['ifup', lan.device, ...links.map(({ name }) => name)])
  return { lab, server, features }
}

/** What of the state the box has not come to yet; empty once it has. `lock`: shell to run first, see betweenRuns. */
async function differences(
  { lab, families, checks }: Sight,
  state: State,
  lock: '' | typeof betweenRuns,
): Promise<string[]> {
  const { stdout } = await lab.box.sh(`${lock}
    cd /run/multilink
    for family in 4 6; do
      ls .in$family 2>/dev/null | sed "s/^/in$family /"
      grep . .health$family/* /dev/null 2>/dev/null | sed "s,^[^/]*/\\([^:]*\\):\\([a-z]*\\).*,health$family \\1 \\2,"
      ip -$family route show table all proto 157 | sed "s/^/route$family /"
    done
    nft list map inet multilink addresses | grep -o 'use_[a-z0-9]*' | sed 's/use_/bound4 /'
    nft list map inet multilink leased | grep -o 'use_[a-z0-9]*' | sed 's/use_/leased4 /'
    nft list map inet multilink addresses6 2>/dev/null | grep -o 'use_[a-z0-9]*' | sed 's/use_/bound6 /'
    :`)
  const lines = stdout.split('\n')
  const problems: string[] = []
  for (const family of families) {
    const compare = (word: string, wanted: (link: LinkState) => boolean): void => {
      const names = links.filter(({ name }) => lines.includes(`${word}${family} ${name}`)).map(({ name }) => name)
      const right = links.filter(({ name }) => wanted(state[name] as LinkState)).map(({ name }) => name)
      const problem = `${word}${family}: ${names.join(' ')}, not ${right.join(' ')}`
      if (names.join(' ') !== right.join(' ')) problems.push(problem)
    }
    compare('in', (link) => isUsable(link, family))
    // What is bound to a link that is out but there gets its error by its address.
    compare('bound', (link) => isBoundTo(link, family))
    compare('leased', (link) => family === 4 && link.dhcp && hasAddress(link, 4))
    for (const link of links) {
      const now = state[link.name] as LinkState
      const probe = new RegExp(`^route${family} default via .* dev ${link.name} table 1000 `)
      if (lines.some((line) => probe.test(line)) !== isProbed(now, family)) problems.push(`${link.name}: probe route`)
      const gateway = gatewaysOf(link)[now.gateway][family === 4 ? 'v4' : 'v6']
      const table = new RegExp(`^route${family} default via (.*) dev ${link.name} table 100[1-9] `)
      const routes = lines.flatMap((line) => table.exec(line)?.[1] ?? [])
      const right = isThere(now, family) ? [gateway] : []
      if (routes.join() !== right.join()) problems.push(`${link.name}: via ${routes.join()}, not ${right.join()}`)
      // What the prober said before holds until it says something else: until then the link may be in, or out.
      const verdict = `health${family} ${link.name} ${now.provider ? 'up' : 'down'}`
      if (checks && isThere(now, family) && !lines.includes(verdict)) problems.push(`no ${verdict}`)
    }
  }
  return problems
}

/** What is looked at to see whether the box has come to a state. */
interface Sight {
  readonly lab: Lab
  readonly families: readonly Family[]
  readonly checks: boolean
}

/** All there is to see of a box that has not come to its state. */
async function pictureOf(lab: Lab): Promise<string> {
  const commands = ['ip -br address', 'ip route show table all', 'ip -6 route show table all proto 157', 'conntrack -L',
    'multilink status', 'grep -r . /run/multilink', 'ps -eo pid,args', 'nft list ruleset']
  const script = commands.map((command) => `echo "# ${command}"; ${command} 2>&1`).join('\n')
  return (await lab.box.sh(script, { reject: false })).stdout
}

/**
 * Waits until the box has come to the state and the run that brought it there has ended; resolves to the milliseconds
 * that took.
 */
async function settled(sight: Sight, state: State): Promise<number> {
  const begin = performance.now()
  let left: string[] = []
  const ask = async (): Promise<boolean> => {
    left = await differences(sight, state, '')
    if (left.length === 0) left = await differences(sight, state, betweenRuns)
    return left.length === 0
  }
  await until('the links settle', ask).catch((failure: unknown) => {
    throw new Error(`${String(failure)}: ${left.join('; ')}`)
  })
  return performance.now() - begin
}

/** New connections from everywhere: over usable links if there are any, or an error at once. */
async function wrongConnections(load: Load, state: State, families: readonly Family[]): Promise<string[]> {
  const flows = load.places.flatMap((place) => families.map((family) => [...place, family] as const))
  const wrong = await Promise.all(
    flows.map(async ([whose, agent, family]) => {
      const ways = waysOut(state, family)
      if (ways === 'unknown') return []
      // IPv6 takes its error from the second SYN on, a second after the first.
      const timeout = ways.length > 0 ? 5000 : whose === 'this machine' ? 3000 : 500
      const ask = { hosts: [hostOf(family, 2)], port: ports.who, count: ways.length + 1, timeout, parallel: 4 }
      const problems = (await agent.call('askMany', ask)).map((answer) => problemOf(answer, ways, whose))
      return problems.filter(Boolean).map((problem) => `${whose} to ${hostOf(family, 2)}: ${problem}`)
    }),
  )
  return wrong.flat()
}

function problemOf(
  answer: { seenAs?: string; error?: string },
  ways: Ways,
  whose: string,
): string | undefined {
  const { seenAs, error } = answer
  if (ways === 'unknown') return undefined
  if (ways.length === 0) {
    if (error === undefined) return `came through, though no link is usable`
    // The kernel sends a host no more than one ICMP error a second (icmp_ratelimit), and the load asks 20 times.
    const late = error.startsWith('ETIMEDOUT') && whose === 'this machine'
    return late ? 'no error at once, though no link is usable' : undefined
  }
  if (seenAs === undefined) return error
  return ways.includes(linkSeenAs(seenAs)) ? undefined : `over ${linkSeenAs(seenAs)}, which is out`
}

t.test(`${count} changes under load, seed ${seed}`, async (t) => {
  const { lab, server, features } = await startLab(t)
  t.comment(JSON.stringify(features))
  const families: Family[] = features.ipv6 ? [4, 6] : [4]
  const random = randomNumbers(seed)
  const load = await startLoad(lab, families)
  const calms: Calm[] = []
  const took: Record<string, number[]> = {}
  let state = allSound
  let foreign = 0
  const sight = { lab, families, checks: features.checks }
  await settled(sight, state)
  let calm = calmIn('at the beginning', state)
  calms.push(calm)

  for (let i = 1; i <= count; i++) {
    for (const family of families) {
      if (usableLinks(state, family).length > 0) await load.fill(family, 4)
    }
    t.same(await wrongConnections(load, state, families), [], `${i}: new connections are as they should be`)
    calm.to = Date.now()

    // Now and then two changes come at once.
    const touched = new Set<string>()
    const told: string[] = []
    for (let n = random(5) === 0 ? 2 : 1; n > 0; n--) {
      const possible = possibleChanges(state, features)
      const change = possible[random(possible.length)] as (typeof possible)[0]
      told.push(describe(change, (state = after(state, change))))
      touched.add(change.link)
      await make({ lab, server, checks: features.checks }, change, state)
    }
    const title = `${i}: ${told.join(', ')}`
    const milliseconds = await settled(sight, state).catch((failure: unknown) => {
      t.fail(`${title}: ${String(failure)}`)
    })
    if (milliseconds === undefined) {
      t.comment(await pictureOf(lab))
      break
    }
    calms.push((calm = calmIn(title, state)))
    const [first] = told
    if (told.length === 1 && first !== undefined) (took[first.replace(/.*: /, '')] ??= []).push(milliseconds)

    const before = await ownState(lab.box)
    await lab.box.sh('rm -f /run/multilink/.loaded; /var/lib/multilink/current/boot')
    t.equal(before, await ownState(lab.box), `${title}: the kernel holds what a fresh start builds`)
    const seen = await lab.foreign()
    const packets = Object.values(seen).reduce((sum, gateway) => sum + gateway.packets, 0)
    t.equal(packets, foreign, `${title}: no gateway saw a foreign source: ${JSON.stringify(seen)}`)
    foreign = packets
    t.same(await load.check(touched), [], `${title}: streams over other links carry on`)
  }

  t.comment(`links at the end: ${JSON.stringify(state)}`)
  for (const [what, times] of Object.entries(took)) {
    const sorted = times.sort((a, b) => a - b)
    const [median, last] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((time) => time?.toFixed(0))
    t.comment(`${what}: settled ${median} ms after it was done (median of ${sorted.length}), ${last} ms at most`)
  }
  for (const { whose, answers } of await load.end()) {
    const judged = answers.flatMap((answer) => {
      const calm = calms.find(({ from, to }) => answer.at >= from && answer.at + answer.took <= to)
      if (calm === undefined) return []
      const problem = problemOf(answer, calm.ways[familyOf(answer.host)], whose)
      const [since, until] = [answer.at - calm.from, calm.to - answer.at]
      const when = `begun ${since} ms after, ${until} ms before the next`
      return [problem && `${calm.title}: ${answer.host}: ${problem}, ${when}`]
    })
    t.comment(`${whose}: ${answers.length} connections, ${judged.length} of them between changes`)
    t.same(judged.filter(Boolean), [], `none of ${whose} failed between changes`)
  }
})
