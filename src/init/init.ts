// In: a root, whose ifupdown config is read, and the running kernel. Out: a first multilink.conf.
// It never replaces a config that defines links, and changes nothing else.

import { AdminError } from '../errors.js'
import { listCandidates } from './candidates.js'
import { readInterfaces } from './interfaces.js'
import { readKernel, type Kernel } from './kernel.js'
import { renderConfig } from './text.js'
import { findUplinks } from './uplinks.js'
import { assertReplaceable, writeFirstConfig } from './write.js'

export interface FirstConfig {
  /** the text of multilink.conf */
  readonly text: string
  /** what the admin should mend elsewhere, for stderr, one line each */
  readonly warnings: readonly string[]
  /**
   * names of the links it defines, the default one first; empty: the admin has to decide on commented ones
   */
  readonly links: readonly string[]
}

export interface InitOptions {
  /** where /etc/network/interfaces is read; the kernel asked is always the running one */
  readonly root: string
  /** templates/multilink.conf.mustache */
  readonly template: string
  /** for tests: what the kernel knows, instead of asking it */
  readonly kernel?: Kernel
}

/** The whole of `multilink init`: looks whether `file` may be written, composes, writes. */
export async function initConfigFile(file: string, options: InitOptions): Promise<FirstConfig> {
  await assertReplaceable(file)
  const config = await initConfig(options)
  await writeFirstConfig(file, config.text)
  return config
}

/** Composes a first config; writes nothing. Throws AdminError if there is nothing to write down. */
export async function initConfig({ root, template, kernel }: InitOptions): Promise<FirstConfig> {
  const [interfaces, known] = await Promise.all([readInterfaces(root), kernel ?? readKernel()])
  const uplinks = findUplinks(interfaces, known)
  const candidates = listCandidates(uplinks, known)
  if (candidates.length === 0) {
    throw new AdminError([
      'multilink: no way to the Internet is known: no dhcp, ppp or static stanza in' +
        ' /etc/network/interfaces, no default route in the kernel; describe the links by hand as' +
        ' multilink.conf(5) says; nothing was changed',
    ])
  }
  const links = candidates.filter(({ active }) => active).map(({ name }) => name)
  const undecided =
    links.length > 0
      ? []
      : [
          'no interface has a gateway: the links in the new config are comments, write' +
            ' the gateways and take the # away',
        ]
  return {
    text: renderConfig(template, candidates, true),
    warnings: [...interfaces.problems, ...candidates.flatMap(({ warnings }) => warnings), ...undecided],
    links,
  }
}
