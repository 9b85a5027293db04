// 200 links: the kernel sends each mark to its own table, whichever form the rules have.
//
//   box: many1 … many200   10.64.N.2/24 and 2001:db8:N::2/64, gateways .1 and ::1, nobody at their other ends

import t from 'tap'
import { makeBox, type Box } from './box.js'

const numbers = Array.from({ length: 200 }, (_, index) => index + 1)
const dead = 'RTNETLINK answers: Network is unreachable'

function configOf(links: number): string {
  return numbers
    .slice(0, links)
    .map((n) => `[link.many${n}]\ngateway = "10.64.${n}.1"\ngateway6 = "2001:db8:${n}::1"\n`)
    .join('')
}

/** A box whose interfaces are up; main's default is link 1's, and not for IPv6. */
async function makeManyBox(t: Parameters<typeof makeBox>[0]): Promise<Box> {
  const box = await makeBox(t)
  const lines = numbers.flatMap((n) => [
    `link add many${n} type veth peer name far${n}`,
    `link set far${n} up`,
    `link set many${n} up`,
    `address add 10.64.${n}.2/24 dev many${n}`,
    `address add 2001:db8:${n}::2/64 dev many${n} nodad`,
  ])
  await box.run('ip -batch -', `${lines.join('\n')}\n`)
  await box.sh('ip route add default via 10.64.1.1 dev many1')
  return box
}

async function apply(box: Box, links: number): Promise<void> {
  const { code, stderr } = await box.apply(configOf(links))
  if (code !== 0) throw new Error(`apply of ${links} links: exit ${code}: ${stderr}`)
}

/** Where packets with these links' marks would leave, in both families. */
async function ways(box: Box, links: readonly number[]): Promise<string[]> {
  const lines = links.flatMap((link) => {
    const mark = `mark 0x${link.toString(16)}000000`
    return [`ip -4 route get 198.51.100.1 ${mark} 2>&1 || :`, `ip -6 route get 2001:db8:ffff::1 ${mark} 2>&1 || :`]
  })
  const found = (await box.sh(lines.join('\n'))).split('\n').filter((line) => /^\S/.test(line))
  return found.map((line) => / dev (\S+)/.exec(line)?.[1] ?? line)
}

t.test('each mark leaves by its own link, and one that no link has is refused', { timeout: 200_000 }, async (t) => {
  const box = await makeManyBox(t)
  await apply(box, 200)
  const seen = [1, 2, 3, 4, 15, 16, 63, 64, 65, 128, 199, 200]
  t.strictSame(await ways(box, seen), seen.flatMap((link) => [`many${link}`, `many${link}`]))
  t.strictSame(await ways(box, [201, 254]), [dead, dead, dead, dead])
  await box.sh('ip -4 route flush table 1003; ip -6 route flush table 1003')
  t.strictSame(await ways(box, [2, 3, 4]), ['many2', 'many2', dead, dead, 'many4', 'many4'], 'no other link takes it')
  await box.sh('/var/lib/multilink/current/changed')
  t.strictSame(await ways(box, [3]), ['many3', 'many3'])

  const once = await box.state()
  await box.sh('for i in 1 2 3; do /var/lib/multilink/current/changed; done')
  await box.ifUp('many200')
  t.equal(await box.state(), once, 'ten times is once')

  t.match((await box.ifDown('many7')).stderr, 'multilink: many7 is out: taken down by ifdown')
  t.match(await box.sh('nft list map inet multilink ways'), '0x07000000 : goto out')
  t.notMatch(await box.sh('nft list map inet multilink slots'), /choose_many7\b/)
  await box.ifUp('many7')
  t.match(await box.sh('nft list map inet multilink slots'), /choose_many7\b/)

  await box.sh('multilink stop')
  const left = await box.sh('for f in 4 6; do ip -$f rule; ip -$f route show table all proto 157; done')
  t.notMatch(left, /fwmark|goto|nop|unreachable|proto/)
})

t.test('from few links to many and back what is pinned stays on its link', { timeout: 200_000 }, async (t) => {
  const box = await makeManyBox(t)
  await apply(box, 3)
  const few = await box.sh('ip rule; ip -6 rule')
  // What is not marked goes as main says, and what is to be asked for goes where link 1 is not told from none.
  await box.sh(`
    printf '%s\\n' 'while [ ! -e /run/enough ]; do' \
      'ip -4 route get 198.51.100.1 mark 0x2000000' 'ip -6 route get 2001:db8:ffff::1 mark 0x2000000' \
      'ip -4 route get 198.51.100.1' 'ip -4 route get 198.51.100.1 mark 0xff000000' 'done >/run/looked 2>&1' >/run/look
    sh /run/look >/dev/null 2>&1 & echo $! >/run/looking`)
  for (const links of [20, 200, 9, 8, 3]) await apply(box, links)
  await box.sh('touch /run/enough; while [ -d /proc/$(cat /run/looking) ]; do sleep 0.05; done')
  const looked = (await box.sh('cat /run/looked')).split('\n').filter((line) => /^\S/.test(line))
  const right = [
    /^198\S+ via 10\.64\.2\.1 dev many2 .* mark 0x2000000 /,
    /^2001\S+ from :: via 2001:db8:2::1 dev many2 /,
    /^198\S+ via 10\.64\.1\.1 dev many1 (?!.*mark)/,
    /^198\S+ via 240\.0\.0\.0 dev lo .* mark 0xff000000 /,
  ]
  t.strictSame(looked.filter((line) => !right.some((form) => form.test(line))), [])
  t.ok(looked.length > 100, `looked ${looked.length} times`)
  t.equal(await box.sh('ip rule; ip -6 rule'), few, 'no rule is left over')
})
