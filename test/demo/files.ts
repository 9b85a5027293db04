// What the admin of the how-to's box writes, as text: /etc/network/interfaces and /etc/multilink.conf.

import { links, stanza } from '../lab/topology.js'

const stanzas = links.map(({ name }) => stanza(name))
/** Three static links; only the first can name its gateway here, a second one would make ifup fail. */
export const interfacesText = ['iface lo inet loopback\n', ...stanzas].join('\n')

/** The shortest config that balances over all of them. */
export const configText = links
  .map(({ name, gateway }, n) => `[link.${name}]\n${n === 0 ? 'default = true' : `gateway = "${gateway}"`}\n`)
  .join('\n')
