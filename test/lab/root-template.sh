#!/bin/sh
# Installs a .deb into a throwaway Debian and keeps what that changed. In: an empty directory to mount on, the .deb,
# the tar file to write, the directory of the Debian. Runs in mount, network and process namespaces of its own
# (template.ts sees to that).
set -eu

place=$1
deb=$2
template=$3
root=$4

mount -t tmpfs -o mode=755 lab "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay -o "lowerdir=$root,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"
mount -t proc proc "$place/root/proc"
mount -t sysfs sysfs "$place/root/sys"
mount -t tmpfs run "$place/root/run"
mount -t tmpfs tmp "$place/root/tmp"
mount --rbind /dev "$place/root/dev"
rm -f "$place/root/usr/sbin/policy-rc.d"

cp "$deb" "$place/root/tmp/multilink.deb"
DEBIAN_FRONTEND=noninteractive chroot "$place/root" apt-get install --yes --quiet \
  --option Dpkg::Options::=--force-unsafe-io --option APT::Sandbox::User=root /tmp/multilink.deb >&2

tar --create --xattrs --xattrs-include='*' --file="$template.new" --directory="$place/upper" .
mv "$template.new" "$template"
