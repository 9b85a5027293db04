# decide.sh: from settings, records and what was observed to what should be. Changes nothing in the kernel.

routes=        # lines as `ip -N route show table all` lists them
ways=          # elements of the map `ways`
slots_in=      # lines for slots.awk
own_addresses= # elements of the map `addresses`
bypass_name=   # the link that bypassed traffic takes
refused=       # links whose gateway the kernel did not take, a line each
changes=       # what to say and record once the kernel took it

# A link is usable when it was brought up (or was found up and nobody took it down), its interface is up and has an
# address, and it has a gateway or needs none.
decide() {
	# Metric 1: unbound packets find this one first; it is on lo, which nothing binds to that wants to leave.
	routes="default via $probe_nexthop dev lo table $probe_table metric 1 onlink$newline"
	ways=''
	slots_in=''
	own_addresses=''
	bypass_name=''
	changes=''
	metric=1
	while read -r name mark table weight configured nexthop; do
		[ -n "$name" ] || continue
		metric=$((metric + 1))
		decide_link
	done <<-EOF
		$links
	EOF
}

decide_link() {
	usable=0
	gateway=
	if [ -e "$state/.down/$name" ]; then
		reason='taken down by ifdown'
	elif ! addresses_of "$name"; then
		reason='its interface is down or absent'
	elif [ -z "$addresses" ]; then
		reason='it has no IPv4 address'
	elif gateway_of "$name" "$configured" && [ -z "$gateway" ]; then
		reason='it has no gateway; give one in its ifupdown stanza or in multilink.conf'
	elif is_refused "$name"; then
		reason="the kernel refuses its gateway $gateway; mend it in its ifupdown stanza or in multilink.conf"
	else
		reason=
		usable=1
		# It came up before multilink did, or its hook was killed.
		[ -e "$state/$name" ] || record_up "$name" "${gateway#-}"
	fi
	note_change "$name" "$reason" "$gateway"
	decide_addresses
	slots_in="$slots_in$name $weight $usable$newline"
	if [ $usable = 0 ]; then
		ways="$ways, $mark : goto out"
		return
	fi
	ways="$ways, $mark : goto keep_$name"
	case $gateway in
	-) routes="${routes}default dev $name table $table scope 253$newline" ;;
	*) routes="${routes}default via $gateway dev $name table $table onlink$newline" ;;
	esac
	if [ -z "$bypass_name" ] || [ "$name" = "$default_name" ]; then bypass_name=$name; fi
}

# A link that is out but still there must be known too, so that what is bound to it gets its error at once.
decide_addresses() {
	addresses_of "$name" || return 0
	routes="${routes}default via $nexthop dev $name table $probe_table metric $metric onlink$newline"
	[ ! -e "$state/.down/$name" ] || return 0
	for address in $addresses; do
		# Two LTE sticks of one make have one address: it cannot tell them apart, and nft takes it once.
		case $own_addresses in
		*", $address : "*) continue ;;
		esac
		own_addresses="$own_addresses, $address : goto use_$name"
	done
}

is_refused() {
	case "$newline$refused$newline" in
	*"$newline$1$newline"*) return 0 ;;
	*) return 1 ;;
	esac
}

# gateway_of LINK CONFIGURED: sets gateway; "-" if the link needs none, empty if none is known. The config's word first,
# then the kernel's own route, then what ifupdown said when the link came up.
gateway_of() {
	gateway=$2
	[ "$2" = auto ] || return 0
	kernel_gateway "$1"
	[ -n "$gateway" ] || recorded_gateway "$1"
	[ -n "$gateway" ] || ! is_point_to_point "$1" || gateway=-
}
