// Kills a program of the box right after the n-th command it runs. In: the box; layTraps() once, then
// killAfter(); out: whether it came to that. The box's own copies of the commands are replaced: a hook sets
// its PATH itself.

import type { Box } from './box.js'

const commands = [
  'nft',
  'ip',
  'awk',
  'sed',
  'cat',
  'mv',
  'rm',
  'ln',
  'mkdir',
  'flock',
  'cksum',
  'logger',
  'readlink',
  'find',
  'sort',
  'tail',
  'head',
  'tr',
  'cut',
  'grep',
  'sysctl',
  'modprobe',
  'ss',
  'conntrack',
  'ifquery',
  'uname',
  'date',
  'touch',
  'cp',
]

// Only builtins, so that the trap does not step into itself.
const trap = `#!/bin/sh
/opt/traps/\${0##*/} "$@"
status=$?
[ -e /opt/traps/.armed ] || exit $status
echo >>/opt/traps/.count
count=0
while read -r _; do count=$((count + 1)); done </opt/traps/.count
read -r limit group </opt/traps/.armed
[ "$count" -lt "$limit" ] || kill -s KILL -- "-$group"
exit $status
`

/** Puts a trap in the place of every command that hooks use. */
export async function layTraps(box: Box): Promise<void> {
  await box.write('/opt/traps/.trap', trap, '0755')
  await box.sh(`
    for name in ${commands.join(' ')}; do
      path=$(command -v $name) || continue
      cp -L "$path" "/opt/traps/$name"
    done
    for name in ${commands.join(' ')}; do
      [ -e "/opt/traps/$name" ] || continue
      path=$(command -v $name)
      /opt/traps/rm "$path"
      /opt/traps/cp /opt/traps/.trap "$path"
    done`)
}

/** Runs the program and kills it, with all it started, after its n-th command; false if it ended before. */
export async function killAfter(box: Box, n: number, program: readonly string[]): Promise<boolean> {
  const start = '/opt/traps/rm -f /opt/traps/.count; echo "$1 $$" >/opt/traps/.armed; shift; exec "$@"'
  const { code } = await box.run(['setsid', '--wait', 'sh', '-c', start, 'sh', String(n), ...program], {
    reject: false,
  })
  await box.run(['/opt/traps/rm', '-f', '/opt/traps/.armed'])
  return code !== 0
}
