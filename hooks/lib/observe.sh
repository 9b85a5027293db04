# observe.sh: what the kernel says, read once a run: which interfaces are up, their addresses, main's default routes,
# and our routes and rules. In files, which awk reads: the shell takes long texts in and gives them away slowly. Each
# ends in a line "==": `ip` does not say when a disk is full, the shell does.
#   .interfaces           as `ip address show up` lists them
#   .listed4, .listed6    as list_family prints it

# Each list on its own: one that could not be had must end the run, not pass for an empty one.
observe() {
	ip address show up >$state/.interfaces
	echo '==' >>$state/.interfaces
	list_routing
}

# Left empty, not removed: that would take a process.
forget_listing() {
	for listed in interfaces listed4 listed6 routes4 routes6 events; do
		: >"$state/.$listed"
	done
}

# list_routing: writes .listed4 and .listed6; fails if one cannot be had, and that one is empty then.
list_routing() {
	set -- 0
	list_family 4 >$state/.listed4 || {
		: >$state/.listed4
		set -- 1
	}
	: >$state/.listed6
	! has_ipv6 || list_family 6 >$state/.listed6 || {
		: >$state/.listed6
		set -- 1
	}
	return "$1"
}

# list_family FAMILY: main's default routes, our routes, and all rules, by one process; each is known by its form: only
# routes outside main say which table they are in, and rules begin with their priority.
list_family() {
	ip -N -o "-$1" -batch - <<-EOF && echo '=='
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
