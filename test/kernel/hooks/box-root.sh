#!/bin/sh
# The machine that hooks are tried on: this one's files with a layer of its own over them, multilink installed in it,
# three links without addresses and nobody at their other ends. In: the project, the bundled program.
# Runs in network and mount namespaces of its own; prints "ready", stays until its standard input ends, and then ends
# what still runs there, which is known by its mounts.
set -eu

# $PPID is the test, or whatever else wants a box.
if [ "$(readlink /proc/$$/ns/mnt)" = "$(readlink "/proc/$PPID/ns/mnt")" ]; then
  echo 'box-root.sh: this is no mount namespace of its own; nothing was changed' >&2
  exit 2
fi

project=$1
program=$2

mount -t tmpfs -o mode=755 run /run
mkdir -p /run/box/usr/lib /run/box/usr/sbin /run/box/usr/share/multilink
mkdir -p /run/box/etc/network/if-up.d /run/box/etc/network/if-down.d /run/box/var /run/box/work
cp -r "$project/hooks/lib" /run/box/usr/lib/multilink
cp -r "$project/templates" /run/box/usr/share/multilink/templates
cp "$program" /run/box/usr/sbin/multilink
cp "$project/hooks/if-up" /run/box/etc/network/if-up.d/multilink
cp "$project/hooks/if-down" /run/box/etc/network/if-down.d/multilink
for place in usr etc var; do
  mkdir "/run/box/work/$place"
  mount -t overlay -o "lowerdir=/$place,upperdir=/run/box/$place,workdir=/run/box/work/$place" overlay "/$place"
done
mkdir -p /etc/dhcp/dhclient-exit-hooks.d /usr/lib/dhcpcd/dhcpcd-hooks
cp "$project/hooks/leases/dhclient" /etc/dhcp/dhclient-exit-hooks.d/multilink
cp "$project/hooks/leases/dhcpcd" /usr/lib/dhcpcd/dhcpcd-hooks/15-multilink
cp "$project/hooks/leases/udhcpc" /usr/lib/multilink/udhcpc
for event in ip-up ip-down ipv6-up ipv6-down; do
  mkdir -p "/etc/ppp/$event.d"
  cp "$project/hooks/leases/ppp" "/etc/ppp/$event.d/multilink"
done
# a multilink that is installed on this machine is not the one to be tried
rm -rf /var/lib/multilink /etc/multilink.conf
mkdir /var/lib/multilink
mount -t sysfs sysfs /sys

ip link set lo up
for link in eth0 eth1 rausb0; do
  ip link add "$link" type veth peer name "far-$link"
  ip link set "far-$link" up
done

echo ready
read -r _ || : # it ends with the test, however that ends
for id in $(pgrep --ns $$ --nslist mnt .); do
  [ "$id" = $$ ] || kill -KILL "$id" 2>/dev/null || : # it may have ended by itself
done
