# routing.sh: makes the kernel's routes and rules what `routes` and `rules` say, touching only those tagged as ours.

# The protocol number of our routes and rules: above 4 they are the administrator's to give (rtnetlink(7)), and 157 is
# free in iproute2's rt_protos. What carries it is ours, and nothing else is ever removed.
protocol=157

todo= # lines "VERB COMMAND"; VERB: add4, add6, del4 or del6

# compare_routing: sets todo, from what is listed.
compare_routing() {
	rules6=
	! has_family 6 || rules6=$rules
	todo=$newline$(
		awk -v protocol=$protocol -f $lib/routing.awk <<-EOF
			$routes4==
			$rules==
			$listed4
			==
			$routes6==
			$rules6==
			$listed6
		EOF
	)
}

# Everything of ours is too much, in both families, whatever the settings are.
want_no_routing() {
	routes4='' routes6='' rules=''
}

# run_todo add|del: what one family's ip refuses does not keep the other's from being run.
run_todo() {
	set -- "$1" 0
	run_family 4 "$1" || set -- "$1" 1
	run_family 6 "$1" || set -- "$1" 1
	return "$2"
}

# run_family FAMILY VERB
run_family() {
	case $todo in
	*"$newline$2$1 "*) ;;
	*) return 0 ;;
	esac
	printf '%s\n' "$todo" | sed -n "s/^$2$1 //p" | ip "-$1" -force -batch -
}

# Sets refused: the links whose gateway the kernel does not take (a broadcast address, its own). Everything else is
# added: one bad gateway must not keep the other links from changing. But an apply is refused whole (MULTILINK_STRICT).
add_routing() {
	refused=
	compare_routing
	! run_todo add || return 0
	list_routing
	compare_routing
	refused=$(printf '%s\n' "$todo" | refused_gateways)
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

# refused_gateways: from what is still to be added, lines "FAMILY LINK"; "-" for anything but a link's own route.
refused_gateways() {
	sed "
		/^add/!d
		s/^add\([46]\) route replace default via [0-9a-f.:]* dev \([^ ]*\) table .*onlink protocol $protocol\$/\1 \2/; t
		s/.*/-/"
}

# What is too many. A replaced route, or one of a device that went down, has gone by itself: so look again first.
remove_routing() {
	case $todo in
	*"${newline}del"*)
		list_routing
		compare_routing
		run_todo del
		;;
	esac
}
