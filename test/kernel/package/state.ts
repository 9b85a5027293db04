// What a purge has to give back: everything multilink could change in the kernel and on the disk, as text to compare.

import type { Debian } from './debian.js'

/** The ruleset, policy rules, routes and network settings. */
export const kernelState = (debian: Debian) =>
  debian.sh(`
    nft list ruleset
    for family in -4 -6; do
      ip $family rule show
      ip $family route show table all proto static; ip $family route show table all proto boot
      ip $family route show table all proto 157
    done
    grep -rH . /proc/sys/net/ipv4/conf /proc/sys/net/ipv4/ip_forward /proc/sys/net/netfilter/nf_conntrack_helper \\
      2>/dev/null | sort`)

/** Every file with its mode, owner and sum, but for what apt, dpkg and insserv keep for themselves. */
export const files = (debian: Debian) =>
  debian.sh(`
    find / -xdev \\( -path /var/lib/dpkg -o -path /var/cache -o -path /var/lib/apt -o -path /var/log -o -path /tmp \\
      -o -path /root \\) -prune -o -printf '%M %U:%G %p -> %l\\n' | sort
    find /etc /usr /var/lib -xdev \\( -path /var/lib/dpkg -o -path /var/lib/apt -o -name '.depend.*' \\) -prune \\
      -o -type f -exec sha256sum {} + | sort
    find /run -mindepth 1 ! -path '/run/network/*' ! -path '/run/lock*' | sort`)
