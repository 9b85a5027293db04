// A name in; whether it can be a link's, and why not, out. The kernel allows more than is let through here: a
// name becomes a file, a word of nft, ip and the shell, and a sysctl key, and none of them may misread it.

const reserved = new Map([
  ['lo', 'is the loopback\'s, which leads nowhere'],
  ['all', 'means every interface in sysctl and ifupdown'],
  ['default', 'means, in sysctl, interfaces still to come'],
])

/** IFNAMSIZ is 16 with the final NUL (linux/if.h). */
const longest = 15

/** What is wrong with the name and what is allowed; undefined for a good one. */
export function interfaceNameProblem(name: string): string | undefined {
  if (name === '') return 'is empty; a link is named after its interface, such as [link.eth0]'
  const alias = /^([^:]+):/.exec(name)
  if (alias) {
    return `is that of an alias, an address of ${alias[1]} and no interface of its own; ` +
      `write [link.${quoteKey(alias[1] ?? '')}]`
  }
  const reason = reserved.get(name)
  if (reason !== undefined) return `${reason}; name the interface that leads to a gateway`
  const bytes = Buffer.byteLength(name)
  if (bytes > longest) return `has ${bytes} bytes; the kernel allows an interface's name ${longest}`
  const odd = /[^A-Za-z0-9_.-]/u.exec(name)
  if (odd) return `has ${JSON.stringify(odd[0])} in it; a link's name is made of A-Z a-z 0-9 _ . -`
  if (/^[.-]/.test(name)) return `begins with "${name[0]}"; a link's name begins with a letter, a digit or _`
  return undefined
}

/** Whether a link may be named so. */
export function isInterfaceName(name: string): boolean {
  return interfaceNameProblem(name) === undefined
}

/** A name as TOML wants it in a key: bare where it can be, in quotes otherwise (`"eth0.10"`). */
export function quoteKey(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name)
}
