// What `init` learns of a real kernel, in a namespace of its own: eth0 and eth1 are veth, their other ends in
// it too.

import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Kernel } from '../../../src/init/kernel.js'
import { ipBatch, namespacesOf, removeNamespacesNow, run, within } from '../../lab/namespaces.js'

const namespace = `init-${process.pid}`
const program = fileURLToPath(new URL('print-kernel.ts', import.meta.url))

async function askWithin(): Promise<Kernel> {
  const { stdout } = await run(within(namespace, [process.execPath, '--import', 'tsx', program]))
  return JSON.parse(stdout) as Kernel
}

await run(['ip', 'netns', 'add', namespace])
t.teardown(() => removeNamespacesNow([namespace]))

await t.test('a kernel without routes knows of no way out', async (t) => {
  t.same((await askWithin()).defaults, [])
})

await t.test(
  'default routes of all tables are known, the best first, and not those of multilink',
  async (t) => {
    await ipBatch(
      [
        'link add eth0 type veth peer name peer0',
        'link add eth1 type veth peer name peer1',
        ...['lo', 'eth0', 'peer0', 'eth1', 'peer1'].map((device) => `link set ${device} up`),
        'addr add 192.168.1.2/24 dev eth0',
        'addr add 2001:db8::2/64 dev eth0',
        'addr add 172.16.0.2/16 dev eth1',
        'route add default via 172.16.0.1 metric 100',
        'route add default via 192.168.1.1',
        'route add default metric 7 nexthop via 192.168.1.1 nexthop via 172.16.0.1',
        'route add default dev eth1 table 77 metric 200',
        'route add default via 172.16.0.1 table 1001 protocol 157',
        'route add unreachable default metric 9999',
        'route add 198.51.100.0/24 via 172.16.0.1',
      ],
      namespace,
    )
    const { defaults, devices } = await askWithin()
    t.same(defaults, [
      { device: 'eth0', gateway: '192.168.1.1', metric: 0, table: 'main' },
      { device: 'eth0', gateway: '192.168.1.1', metric: 7, table: 'main' },
      { device: 'eth1', gateway: '172.16.0.1', metric: 7, table: 'main' },
      { device: 'eth1', gateway: '172.16.0.1', metric: 100, table: 'main' },
      { device: 'eth1', metric: 200, table: '77' },
    ])
    t.match(
      devices.find(({ name }) => name === 'eth0'),
      { kind: 'veth', addresses: ['192.168.1.2/24'] },
    )
  },
)

await t.test('the namespace can be taken away again', async (t) => {
  removeNamespacesNow([namespace])
  t.same(await namespacesOf(namespace), [])
})
