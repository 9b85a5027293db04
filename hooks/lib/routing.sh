# routing.sh: makes the kernel's routes and rules what `routes` and `rules` say, touching only those tagged as ours.

# The protocol number of our routes and rules: above 4 they are the administrator's to give (rtnetlink(7)), and 157 is
# free in iproute2's rt_protos. What carries it is ours, and nothing else is ever removed.
protocol=157

# compare_routing: sets todo, lines "add COMMAND" and "del COMMAND".
compare_routing() {
	todo=$newline$({
		printf '%s==\n' "$routes"
		ip -N -4 route show table all proto $protocol
		printf '==\n%s==\n' "$rules"
		ip -N -4 rule show
	} | awk -v protocol=$protocol -f $lib/routing.awk)
}

# run_todo VERB: the commands of todo that begin with VERB.
run_todo() {
	case $todo in
	*"$newline$1 "*) printf '%s\n' "$todo" | sed -n "s/^$1 //p" | ip -4 -batch - ;;
	esac
}

add_routing() {
	compare_routing
	run_todo add
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
