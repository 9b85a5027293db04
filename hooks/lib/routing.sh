# routing.sh: makes the kernel's routes and rules what .routes4, .routes6 and `rules` say, touching only those tagged as
# ours.

# The protocol number of our routes and rules: above 4 they are the administrator's to give (rtnetlink(7)), and 157 is
# free in iproute2's rt_protos. What carries it is ours, and nothing else is ever removed.
protocol=157

todo= # lines "VERB COMMAND"; VERB: add4, add6, del4 or del6

# compare_routing [yes]: sets todo, from what is listed; yes: what is to be replaced is not to be deleted as well.
compare_routing() {
	families_ruled=4
	! has_family 6 || families_ruled='4 6'
	todo=$newline$(
		awk -v protocol=$protocol -v families="$families_ruled" -v replacing="${1:-}" -f $lib/routing.awk \
			wanted=route family=4 $state/.routes4 family=6 $state/.routes6 wanted=rule - \
			wanted=no family=4 $state/.listed4 family=6 $state/.listed6 <<-EOF
				$rules
			EOF
	)
}

# Everything of ours is too much, in both families, whatever the settings are.
want_no_routing() {
	rules=''
	: >$state/.routes4
	: >$state/.routes6
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
	compare_routing yes
	! run_todo add || return 0
	# Also which interfaces are there: one may have gone, and its routes with it.
	observe
	compare_routing
	refused=$(printf '%s\n' "$todo" | refused_gateways)
	case "$newline$refused" in
	*"$newline-"* | "$newline")
		say "ip refused routes or rules, its message says why"
		return 1
		;;
	esac
	refused=$(printf '%s\n' "$refused" | sed '/^+$/d')
	[ -n "${MULTILINK_STRICT:-}" ] || return 0
	strict=$(printf '%s\n' "$refused" | refused_of_those_there)
	if [ -n "$strict" ]; then
		say "the kernel refuses the gateway of $strict"
		return 1
	fi
}

# refused_of_those_there: from lines "FAMILY LINK", the links whose interface is still up, in one line.
refused_of_those_there() {
	while read -r _ name; do
		! grep -q "^[0-9]*: ${name}[:@]" $state/.interfaces || echo "$name"
	done | paste -sd ' '
}

# refused_gateways: from what is still to be added, lines "FAMILY LINK"; "+" for a route of several links, which can be
# done without; "-" for anything else but a link's own route, with a gateway or without.
refused_gateways() {
	sed "
		/^add/!d
		/ nexthop .* nexthop /{ s/.*/+/; b
		}
		s/^add\([46]\) route replace default\( via [0-9a-f.:]*\)\{0,1\} dev \([^ ]*\) table .* protocol $protocol\$/\1 \3/; t
		s/.*/-/" | sort -u
}

# What is too many. Most of it can simply be deleted. Look again if not all of it is there any more (that of a device
# that went down has gone by itself) or other routes are wanted meanwhile (decide, kept.sh); ip says what is wrong then.
remove_routing() {
	if [ -z "$refused" ]; then
		case $todo in
		*"${newline}del"*) ;;
		*) return 0 ;;
		esac
		[ -e $state/.kept ] || ! run_todo del 2>/dev/null || return 0
	fi
	list_routing
	compare_routing
	run_todo del
}
