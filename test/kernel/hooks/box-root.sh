#!/bin/sh
# The machine that hooks are tried on: this one's files with a layer of its own over them, multilink installed in it,
# three links without addresses and nobody at their other ends. In: the project, the bundled program.
# Runs in network and mount namespaces of its own; prints "ready" and stays until its standard input ends.
set -eu

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
exec cat
