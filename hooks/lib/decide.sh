# decide.sh: from settings, records and what was observed to what should be, one family after the other. Changes nothing
# in the kernel.

routes4= routes6=       # lines as `ip -N route show table all` lists them
ways4= ways6=           # elements of the maps of connection marks
slots_in4= slots_in6=   # lines for slots.awk
dead_end4= dead_end6=   # "yes": nothing leads out, an error at once is kinder than a default route into nothing
own_addresses4= own_addresses6= # elements of the maps of own addresses
gateways4= gateways6=   # elements of the sets of next hops
leased4= leased6=       # elements of the maps of what a lease says belongs to its link
bypass_to=              # elements of the map by family
refused=                # lines "FAMILY LINK": gateways that the kernel did not take
changes=                # what to say and record once the kernel took it
lost=                   # lines "LINK MARK FAMILY": what is pinned to it is to be let go
out_devices=            # elements of the set of them
unnumbered=             # the same, of links without an address
moved=                  # the same, of links that are in but carry nothing any more (failback)

# A link is usable in a family when it was brought up (or was found up and nobody took it down), its interface is up,
# has carrier and an address, it has a gateway or needs none, and its checks do not fail.
decide() {
	changes=''
	lost=''
	out_devices=''
	unnumbered=''
	moved=''
	bypass_to=''
	leaving=''
	for family in 4 6; do
		case $families in
		*$family*) ;;
		*) continue ;;
		esac
		# Where the kernel takes no IPv6, no link has it, and there is nothing to say an error to either.
		has_family $family || addresses6=''
		decide_family
		has_family $family || routes='' dead_end=''
		case $family in
		4)
			routes4=$routes ways4=$ways slots_in4=$slots_in own_addresses4=$own_addresses dead_end4=$dead_end
			leased4=$leased gateways4=$gateways
			;;
		6)
			routes6=$routes ways6=$ways slots_in6=$slots_in own_addresses6=$own_addresses dead_end6=$dead_end
			leased6=$leased gateways6=$gateways
			;;
		esac
	done
}

decide_family() {
	own_addresses=''
	gateways=''
	leased=''
	leased_links=''
	metric=1
	states=''
	usable_count=0
	dead_end=yes
	active_tier=
	# Metric 1: unbound packets find this one first; it is on lo, which nothing binds to that wants to leave. IPv6 has no
	# next hop over lo: that the route is of type local tells the same.
	case $family in
	4) routes="default via $probe_nexthop dev lo table $probe_table metric 1 onlink$newline" ;;
	6) routes="local default dev lo table $probe_table metric 1$newline" ;;
	esac
	while read -r name mark table weight tier configured configured6 nexthop nexthop6 options; do
		[ -n "$name" ] || continue
		metric=$((metric + 1))
		[ "$family" = 4 ] || configured=$configured6 nexthop=$nexthop6
		[ "$configured" != none ] || {
			states="$states$name $mark $weight $tier $options none -$newline"
			continue
		}
		observe_link
		note_addresses
		note_change "$family" "$name" "$reason" "$gateway"
		name_gateway
		route_link
		name_addresses
		read_lease
		states="$states$name $mark $weight $tier $options $usable $way$newline"
		[ "$usable" = 1 ] || continue
		usable_count=$((usable_count + 1))
		[ -n "$active_tier" ] && [ "$active_tier" -le "$tier" ] || active_tier=$tier
	done <<-EOF_LINKS
		$links
	EOF_LINKS
	pin_links
	pin_leases
}

# observe_link: sets usable, gateway and reason ("" if usable), and whether the link has a way out at all (routed).
observe_link() {
	usable=0
	routed=0
	way=-
	gateway=
	reason=
	addresses_of "$name" "$family"
	if [ -e "$state/.down/$name" ]; then
		reason='taken down by ifdown'
	elif ! flags_of "$name"; then
		reason='its interface is down or absent'
	elif case $flags in *' LOWER_UP '*) false ;; esac; then
		reason='it has no carrier'
	elif [ -z "$addresses" ]; then
		reason="it has no IPv$family address"
	elif gateway_of "$name" "$family" "$configured" && [ -z "$gateway" ]; then
		case $family in
		4) reason='it has no gateway; give one in its ifupdown stanza or in multilink.conf' ;;
		6) reason='it has no IPv6 gateway' ;;
		esac
	elif is_refused "$name"; then
		reason="the kernel refuses its gateway $gateway; mend it in its ifupdown stanza or in multilink.conf"
	else
		routed=1
		dead_end=''
		choose_way
		if has_option "$options" checked && failing_checks; then
			reason="its checks fail: $verdict"
		else
			usable=1
		fi
		# It came up before multilink did, or its hook was killed. What the kernel's route says now is not recorded: the
		# link is to be out when that goes.
		[ -e "$state/$name" ] || record_up "$name" '' ''
	fi
}

# keep: the kernel's own route over the link has the same gateway, or there is none. Else every packet must be sent by
# the link's own table (pin).
choose_way() {
	set -- "$gateway"
	way=keep
	kernel_gateway "$name" "$family"
	[ -z "$gateway" ] || [ "$gateway" = "$1" ] || way=pin
	gateway=$1
}

# What the prober said last: fails if that is good, or nothing; else sets verdict.
failing_checks() {
	verdict=
	[ -e "$state/.health$family/$name" ] || return
	read -r verdict <"$state/.health$family/$name" || :
	case $verdict in
	down*) verdict=${verdict#down} verdict=${verdict# } ;;
	*) return 1 ;;
	esac
}

# A link whose checks fail keeps its route: its probes leave by it, and perhaps what cannot be moved.
route_link() {
	if flags_of "$name"; then
		case $family in
		4) routes="${routes}default via $nexthop dev $name table $probe_table metric $metric onlink$newline" ;;
		# Without an address IPv6 may be off on this interface.
		6) [ -z "$addresses" ] ||
			routes="${routes}default via $nexthop dev $name table $probe_table metric $metric onlink$newline" ;;
		esac
	fi
	[ "$routed" = 1 ] || return 0
	case $family$gateway in
	4-) routes="${routes}default dev $name table $table scope 253$newline" ;;
	6-) routes="${routes}default dev $name table $table metric 1024$newline" ;;
	4*) routes="${routes}default via $gateway dev $name table $table onlink$newline" ;;
	6*) routes="${routes}default via $gateway dev $name table $table metric 1024 onlink$newline" ;;
	esac
}

name_gateway() {
	case $gateway in
	'' | -) return 0 ;;
	esac
	case "$gateways," in
	*", $gateway,"*) ;;
	*) gateways="$gateways, $gateway" ;;
	esac
}

# A link that is out but still there must be known too, so that what is bound to it gets its error at once.
name_addresses() {
	[ -n "$addresses" ] || unnumbered="$unnumbered, ipv$family . \"$name\""
	[ ! -e "$state/.down/$name" ] || return 0
	for address in $addresses; do
		# Two LTE sticks of one make have one address: it cannot tell them apart, and nft takes it once.
		case $own_addresses in
		*", $address : "*) continue ;;
		esac
		own_addresses="$own_addresses, $address : goto use_$name"
	done
}

# What a lease says belongs to its link: lines "ADDRESS LINK".
read_lease() {
	[ -e "$state/.lease$family/$name" ] || return 0
	while read -r line; do
		case $line in
		servers=*) ;;
		dns=*) ! has_option "$options" nodns || continue ;;
		*) continue ;;
		esac
		for address in ${line#*=}; do
			leased_links="$leased_links$address $name$newline"
		done
	done <"$state/.lease$family/$name"
}

# An address that two leases name (a public resolver) belongs to neither link.
pin_leases() {
	[ -n "$leased_links" ] || return 0
	leased=$(printf '%s' "$leased_links" | sort -u | awk '
		{ count[$1]++; link[$1] = $2 }
		END { for (address in count) if (count[address] == 1) print ", " address " : goto use_" link[address] }' | sort)
	leased=$(printf '%s' "$leased" | tr -d '\n')
}

# What happens to what is pinned to each link, and which links are chosen from: those of the first tier that has a
# usable one.
pin_links() {
	ways=''
	slots_in=''
	bypass_name=''
	bypass_tier=''
	while read -r name mark weight tier options usable way; do
		[ -n "$name" ] || continue
		if [ "$usable" = none ]; then
			pin_none
			continue
		fi
		[ "$tier" != "${active_tier:-0}" ] || slots_in="$slots_in$name $weight $usable$newline"
		if [ "$usable" = 1 ]; then
			ways="$ways, $mark : goto ${way}_$name"
			pick_bypass
			note_role
		elif [ "$usable_count" = 0 ] || has_option "$options" keep; then
			ways="$ways, $mark : goto hold_$name"
			# First of all: once it is recorded to be out, nothing else tells that it was in.
			[ ! -e "$state/.in$family/$name" ] || changes="$family $name held$newline$changes"
		else
			ways="$ways, $mark : goto out"
			forget_moved "$name" "$family"
			out_devices="$out_devices, ipv$family . \"$name\""
			[ ! -e "$state/.in$family/$name" ] && [ ! -e "$state/.held$family/$name" ] ||
				lost="$lost$name $mark $family$newline"
		fi
	done <<-EOF_STATES
		$states
	EOF_STATES
	[ -z "$bypass_strict" ] || bypass_name=$default_name
	[ -z "$bypass_name" ] || bypass_to="$bypass_to, ipv$family : goto use_$bypass_name"
}

# ipv6 = false: what was pinned to it before, and what only it may carry (networks, a strict bypass), is to get an error
# and not what the same mark means in the other family.
pin_none() {
	ways="$ways, $mark : goto out"
	[ ! -e "$state/.in$family/$name" ] || [ "$usable_count" = 0 ] || lost="$lost$name $mark $family$newline"
}

# The default link, or else the first of the first tier.
pick_bypass() {
	[ "$bypass_name" != "$default_name" ] || [ -z "$bypass_name" ] || return 0
	if [ "$name" = "$default_name" ] || [ -z "$bypass_name" ] || [ "$tier" -lt "$bypass_tier" ]; then
		bypass_name=$name
		bypass_tier=$tier
	fi
}

# Whether it is chosen from (active) or stands by. failback = "all": what a backup link carried while it was needed
# moves back when it is not needed any more.
note_role() {
	role=active
	[ "$tier" = "$active_tier" ] || role=standby
	[ $role = standby ] || forget_moved "$name" "$family"
	was=
	[ ! -e "$state/.in$family/$name" ] || read -r was <"$state/.in$family/$name" || :
	[ "$was" != $role ] || return 0
	changes="$changes$family $name role $role$newline"
	if [ "$was" = active ] && has_option "$options" failback; then moved="$moved$name $mark $family$newline"; fi
}

is_refused() {
	case "$newline$refused$newline" in
	*"$newline$family $1$newline"*) return 0 ;;
	*) return 1 ;;
	esac
}

# gateway_of LINK FAMILY CONFIGURED: sets gateway; "-" if the link needs none, empty if none is known. The config's word
# first, then what a lease says (a renewal can leave main's route as it was), the kernel's own route, and what ifupdown
# said when the link came up.
gateway_of() {
	gateway=$3
	[ "$3" = auto ] || return 0
	lease_gateway "$1" "$2"
	[ -n "$gateway" ] || kernel_gateway "$1" "$2"
	[ -n "$gateway" ] || recorded_gateway "$1" "$2"
	case $gateway$flags in
	*' POINTOPOINT '*) gateway=${gateway:--} ;;
	esac
}
