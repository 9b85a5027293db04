# lease.sh: what a link was told by DHCP, PPP or a router, as records in /run/multilink; lease.awk says what is in them.

# record_lease LINK SOURCE GATEWAYS SERVERS RESOLVERS: lists of words, of which only addresses count. A record that
# would say nothing is none, so without any word this ends what SOURCE (4, 6 or ra) said.
record_lease() {
	case $2 in
	4) lease=$state/.lease4/$1 ;;
	*) lease=$state/.lease6/$1 ;;
	esac
	was=
	[ ! -e "$lease" ] || was=$(cat "$lease")
	now=$(
		printf '%s\n' "$was" |
			GATEWAYS=$3 SERVERS=$4 RESOLVERS=$5 awk -v "source=$2" -f $lib/lease.awk
	)
	[ "$now" != "$was" ] || return 0
	if [ -z "$now" ]; then
		rm -f "$lease"
	else
		write "$lease" "$now"
	fi
}

# adopt_leases: what dhclient leased before its hook knew the link. Its lease file may be of another day: what counts is
# a lease of an address that the link has now.
adopt_leases() {
	while read -r name _; do
		if [ -z "$name" ] || [ -e "$state/.lease4/$name" ]; then continue; fi
		# As ifupdown calls it, and as somebody does by hand.
		for file in /var/lib/dhcp/dhclient.$name.leases /var/lib/dhcp/dhclient.leases; do
			if [ -e "$state/.lease4/$name" ] || [ ! -s "$file" ]; then continue; fi
			adopt_lease "$name" "$file"
		done
	done <<-EOF
		$links
	EOF
}

adopt_lease() {
	addresses=$(ip -br -4 address show dev "$1" 2>/dev/null) || return 0 # it is not there
	found=$(awk -v link="$1" -v addresses="$addresses" -f $lib/dhclient-leases.awk "$2")
	[ -n "$found" ] || return 0
	{
		read -r gateways
		read -r servers
		read -r resolvers
	} <<-EOF || : # empty lines at the end are not there
		$found
	EOF
	record_lease "$1" 4 "$gateways" "$servers" "$resolvers"
}
