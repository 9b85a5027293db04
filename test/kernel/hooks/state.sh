#!/bin/sh
# Prints everything in the box that multilink may change: the kernel's rules, routes and settings, and its own files.
# Counters and what only says when are left out.
set -eu

echo '# nft'
nft -s list ruleset
echo '# ip rule'
ip -N rule
ip -N -6 rule
echo '# ip route'
ip -N -4 route show table all
# The kernel lists some twice when an address changes meanwhile.
ip -N -6 route show table all proto 157 | awk '!listed[$0]++'
echo '# rp_filter'
for setting in /proc/sys/net/ipv4/conf/*/rp_filter; do
  printf '%s ' "$setting"
  cat "$setting"
done
[ "${1:-}" != kernel ] || exit 0
echo '# files'
for folder in /run/multilink /var/lib/multilink; do
  [ -d "$folder" ] || continue
  find "$folder" ! -name .lock ! -name '.sweep.*' ! -name .since ! -name .new ! -name .table \
    ! -name .interfaces ! -name '.listed?' ! -name '.routes?' | sort | while read -r file; do
    if [ -L "$file" ]; then
      echo "$file -> $(readlink "$file")"
    elif [ -f "$file" ]; then
      echo "$file $(cksum <"$file")"
    else
      echo "$file/"
    fi
  done
done
