# observe.sh: what the kernel says, read once a run: which interfaces are up, their addresses, main's default routes,
# and our routes and rules.

listed_interfaces= # as `ip -o link show up` and `ip -o address show up` list them
listed4= # as list_family prints it
listed6=

# Each list on its own: one that could not be had must end the run, not pass for an empty one.
observe() {
	listed_interfaces=$(
		ip -o -batch - <<-EOF
			link show up
			address show up
		EOF
	)
	list_routing
}

# list_routing: sets listed4 and listed6; fails if one cannot be had, and that one is empty then.
list_routing() {
	set -- 0
	listed4=$(list_family 4) || {
		listed4=
		set -- 1
	}
	listed6=
	! has_ipv6 || listed6=$(list_family 6) || {
		listed6=
		set -- 1
	}
	return "$1"
}

# list_family FAMILY: main's default routes, our routes, and all rules, by one process; each is known by its form: only
# routes outside main say which table they are in, and rules begin with their priority.
list_family() {
	ip -N -o "-$1" -batch - <<-EOF
		route show table 254 default
		route show table all proto $protocol
		rule show
	EOF
}

# has_family 4|6: whether this generation has anything to do with it, and the kernel too: IPv6 can be off as a whole, or
# on the loopback, and then the kernel takes no route of it.
has_family() {
	case $families in
	*$1*) ;;
	*) return 1 ;;
	esac
	[ "$1" = 4 ] || takes_ipv6
}

# Where it is only off (disable_ipv6), rules of it stay and can be listed.
has_ipv6() {
	[ -e /proc/net/if_inet6 ]
}

takes_ipv6() {
	has_ipv6 || return 1
	value=
	read -r value </proc/sys/net/ipv6/conf/lo/disable_ipv6 || [ -n "$value" ] || return
	[ "$value" = 0 ]
}
