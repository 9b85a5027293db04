# routing.sh: makes the kernel's routes and rules what `routes` and `rules` say, touching only those tagged as ours.

# The protocol number of our routes and rules: above 4 they are the administrator's to give (rtnetlink(7)), and 157 is
# free in iproute2's rt_protos. What carries it is ours, and nothing else is ever removed.
protocol=157

# compare_routing: sets todo4 and todo6, lines "add COMMAND" and "del COMMAND"; fails if the kernel's lists cannot be
# had.
compare_routing() {
	todo4=$newline
	todo6=$newline
	! has_family 4 || compare_family 4 "$routes4" "$rules" || return
	if has_family 6; then
		compare_family 6 "$routes6" "$rules" || return
	elif has_ipv6; then
		# A generation before this one may have had IPv6.
		compare_family 6 '' '' || return
	fi
}

# Everything of ours is too much, in both families, whatever the settings are.
compare_with_nothing() {
	todo6=$newline
	compare_family 4 '' '' || return
	! has_ipv6 || compare_family 6 '' ''
}

# compare_family FAMILY ROUTES RULES
compare_family() {
	listed_routes=$(ip -N "-$1" route show table all proto $protocol) || return
	listed_rules=$(ip -N "-$1" rule show) || return
	todo=$newline$(
		printf '%s==\n%s\n==\n%s==\n%s\n' "$2" "$listed_routes" "$3" "$listed_rules" |
			awk -v protocol=$protocol -f $lib/routing.awk
	)
	case $1 in
	4) todo4=$todo ;;
	6) todo6=$todo ;;
	esac
}

# run_todo VERB: the commands of both families that begin with VERB; what one family's ip refuses does not keep the
# other's from being run.
run_todo() {
	set -- "$1" 0
	run_family 4 "$1" "$todo4" || set -- "$1" 1
	run_family 6 "$1" "$todo6" || set -- "$1" 1
	return "$2"
}

# run_family FAMILY VERB TODO
run_family() {
	case $3 in
	*"$newline$2 "*) ;;
	*) return 0 ;;
	esac
	while read -r verb command; do
		[ "$verb" != "$2" ] || printf '%s\n' "$command"
	done <<-EOF | ip "-$1" -force -batch -
		$3
	EOF
}

# Sets refused: the links whose gateway the kernel does not take (a broadcast address, its own). Everything else is
# added: one bad gateway must not keep the other links from changing. But an apply is refused whole (MULTILINK_STRICT).
add_routing() {
	refused=
	compare_routing
	! run_todo add || return 0
	compare_routing
	refused=$(
		printf '%s\n' "$todo4" | refused_gateways 4
		printf '%s\n' "$todo6" | refused_gateways 6
	)
	case "$newline$refused" in
	*"$newline-"* | "$newline")
		say "ip refused routes or rules, its message says why"
		return 1
		;;
	esac
	if [ -n "${MULTILINK_STRICT:-}" ]; then
		say "the kernel refuses the gateway of $(printf '%s\n' "$refused" | cut -d ' ' -f 2 | paste -sd ' ')"
		return 1
	fi
}

# refused_gateways FAMILY: from what is still to be added, lines "FAMILY LINK"; "-" for anything but a link's own route.
refused_gateways() {
	sed "
		/^add /!d
		s/^add route replace default via [0-9a-f.:]* dev \([^ ]*\) table [0-9]* .*onlink protocol $protocol\$/$1 \1/; t
		s/.*/-/"
}

# What is too many. A replaced route, or one of a device that went down, has gone by itself: so look again first.
remove_routing() {
	case $todo4$todo6 in
	*"${newline}del "*)
		compare_routing
		run_todo del
		;;
	esac
}
