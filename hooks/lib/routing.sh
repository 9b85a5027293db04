# routing.sh: makes the kernel's routes and rules what `routes` and `rules` say, touching only those tagged as ours.

# The protocol number of our routes and rules: above 4 they are the administrator's to give (rtnetlink(7)), and 157 is
# free in iproute2's rt_protos. What carries it is ours, and nothing else is ever removed.
protocol=157

# compare_routing: sets todo, lines "add COMMAND" and "del COMMAND"; fails if the kernel's lists cannot be had.
compare_routing() {
	listed_routes=$(ip -N -4 route show table all proto $protocol) || return
	listed_rules=$(ip -N -4 rule show) || return
	todo=$newline$(
		printf '%s==\n%s\n==\n%s==\n%s\n' "$routes" "$listed_routes" "$rules" "$listed_rules" |
			awk -v protocol=$protocol -f $lib/routing.awk
	)
}

# run_todo VERB: the commands of todo that begin with VERB.
run_todo() {
	case $todo in
	*"$newline$1 "*) ;;
	*) return 0 ;;
	esac
	while read -r verb command; do
		[ "$verb" != "$1" ] || printf '%s\n' "$command"
	done <<-EOF | ip -4 -force -batch -
		$todo
	EOF
}

# Sets refused: the links whose gateway the kernel does not take (a broadcast address, its own). Everything else is
# added: one bad gateway must not keep the other links from changing. But an apply is refused whole (MULTILINK_STRICT).
add_routing() {
	refused=
	compare_routing
	! run_todo add || return 0
	compare_routing
	refused=$(printf '%s\n' "$todo" | sed "
		/^add /!d
		s/^add route replace default via [0-9.]* dev \([^ ]*\) table [0-9]* onlink protocol $protocol\$/\1/; t
		s/.*/-/")
	if is_refused - || [ -z "$refused" ]; then
		say "ip refused routes or rules, its message says why"
		return 1
	elif [ -n "${MULTILINK_STRICT:-}" ]; then
		say "the kernel refuses the gateway of $(printf '%s\n' "$refused" | paste -sd ' ')"
		return 1
	fi
}

# What is too many. A replaced route, or one of a device that went down, has gone by itself: so look again first.
remove_routing() {
	case $todo in
	*"${newline}del "*)
		compare_routing
		run_todo del
		;;
	esac
}
