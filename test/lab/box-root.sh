#!/bin/sh
# The box's throwaway Debian: a Debian's files with a tmpfs over them, in a mount namespace of its own. In: an empty
# directory to mount on, the directory of the Debian (/ is this machine's), and perhaps a tar file of what is to be
# changed in it. Prints "ready", then stays as process 1 of the box until it is killed; everything mounted and
# started in the box goes with it.
set -eu

place=$1
root=$2
template=${3:-}

# A private copy of another lab's mounted namespaces would keep those alive after that lab has closed.
umount --recursive --lazy /run/netns 2>/dev/null || true

mount -t tmpfs -o mode=755 lab "$place"
mkdir "$place/upper" "$place/work" "$place/root"
if [ -n "$template" ]; then
  tar --extract --xattrs --xattrs-include='*' --file="$template" --directory="$place/upper"
fi
mount -t overlay -o "lowerdir=$root,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"

cd "$place/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mount -t tmpfs -o mode=755 dev dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
mkdir dev/net run/lock run/network var/lock 2>/dev/null || true
mknod -m 666 dev/net/tun c 10 200
ln -s /proc/self/fd dev/fd

# Other packages' hooks, and what keeps services from starting here, are not part of the box.
find etc/network/if-*.d -type f ! -name multilink -delete
rm -f usr/sbin/policy-rc.d
rm -rf etc/network/interfaces.d
mkdir etc/network/interfaces.d
printf '%s\n' 'auto lo' 'iface lo inet loopback' 'source-directory /etc/network/interfaces.d' \
  >etc/network/interfaces
hostname box 2>/dev/null || true

echo ready
# Process 1 has to collect the children that others leave behind: dash does so while it waits for its own.
exec chroot . /bin/sh -c 'trap : TERM INT; while :; do sleep 1000 & wait "$!"; done'
