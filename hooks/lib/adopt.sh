# adopt.sh: what DHCP clients leased before their hooks knew the link, from their lease files. Such a file may be of
# another day: what counts is a lease of an address that the link has now. A record that is there stays.

# adopt_leases: one awk reads all of them; where there are none, no process is started.
adopt_leases() {
	set --
	# As somebody calls it by hand, and as ifupdown does.
	for file in /var/lib/dhcp/dhclient.leases /var/lib/dhcp/dhclient.*.leases; do
		[ ! -s "$file" ] || set -- "$@" "$file"
	done
	[ $# != 0 ] || has_dhcpcd_leases || return 0
	ip address show >$state/.interfaces || return 0
	found=$(
		print_dhcpcd_leases |
			awk -f $lib/dhclient-leases.awk -f $lib/dhcpcd-leases.awk -f $lib/observe.awk -f $lib/adopt.awk \
				part=1 $state/.interfaces part=dhclient "$@" part=dhcpcd -
	) || return 0
	while IFS='|' read -r family name gateways servers resolvers; do
		if ! is_link "$name" || [ -e "$state/.lease$family/$name" ]; then continue; fi
		record_lease "$name" "$family" "$gateways" "$servers" "$resolvers"
	done <<-EOF
		$found
	EOF
}

has_dhcpcd_leases() {
	for file in /var/lib/dhcpcd/*.lease /var/lib/dhcpcd/*.lease6; do
		[ ! -s "$file" ] || return 0
	done
	return 1
}

# print_dhcpcd_leases: "lease FAMILY LINK" and the bytes of each file, the newest last: a wireless link has one for each
# network. `dhcpcd --dumplease` would need a running dhcpcd, which may not answer, and prints line breaks in a server's
# strings as they are.
print_dhcpcd_leases() {
	has_dhcpcd_leases || return 0
	# shellcheck disable=SC2012 # dhcpcd puts no line breaks into names
	ls -dtr /var/lib/dhcpcd/*.lease /var/lib/dhcpcd/*.lease6 2>/dev/null | while IFS= read -r file; do
		case $file in
		*.lease6) family=6 ;;
		*) family=4 ;;
		esac
		leasing_link "$file" || continue
		if [ -e "$state/.lease$family/$name" ] || [ ! -f "$file" ]; then continue; fi
		printf 'lease %s\n' "$family $name"
		od -An -v -tu1 -N 65536 "$file" || continue
	done
}

# leasing_link FILE: sets name to the link whose lease it is: LINK.lease, or LINK-NETWORK.lease of a wireless one.
leasing_link() {
	name=${1##*/}
	name=${name%.lease*}
	until is_link "$name"; do
		case $name in
		*-*) name=${name%-*} ;;
		*) return 1 ;;
		esac
	done
}
