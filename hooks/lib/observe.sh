# observe.sh: what the kernel says, read once a run: which interfaces are up, their addresses, main's default routes,
# and our routes and rules.

interfaces= # a line "NAME FLAG…" for each that is up; flags as in ip-link(8), without "<>", a blank between
addresses4= # a line "NAME ADDRESS…" for each that has one to reach the Internet with, without prefix lengths
addresses6=
defaults4= # a line "DEVICE GATEWAY" for each device with a default route in main; "-" without a gateway
defaults6=
listed4= # as list_family prints it
listed6=

# 169.254/16 (RFC 3927) and fe80::/10 are no addresses to reach the Internet with; a tentative IPv6 address, or one
# found to be somebody else's (RFC 4862), is none at all. Each list on its own: one that could not be had must end the
# run, not pass for an empty one.
observe() {
	listed_interfaces=$(
		ip -o -batch - <<-EOF
			link show up
			address show up
		EOF
	)
	list_routing
	observed=$(
		awk -f $lib/observe.awk <<-EOF
			$listed_interfaces
			==
			$listed4
			==
			$listed6
		EOF
	)
	interfaces=$newline${observed%%==*}
	observed=${observed#*==}
	addresses4=${observed%%==*}
	observed=${observed#*==}
	addresses6=${observed%%==*}
	observed=${observed#*==}
	defaults4=${observed%%==*}
	defaults6=${observed#*==}$newline
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

# value_of LIST NAME: sets value to what stands behind NAME in the list's line; fails if there is no such line.
value_of() {
	value=
	case $1 in
	*"$newline$2$newline"*) return 0 ;;
	*"$newline$2 "*) ;;
	*) return 1 ;;
	esac
	value=${1#*"$newline$2 "}
	value=${value%%"$newline"*}
}

# flags_of LINK: sets flags; fails if the interface is down or absent.
flags_of() {
	value_of "$interfaces" "$1" || return
	flags=" $value "
}

# addresses_of LINK FAMILY: sets addresses.
addresses_of() {
	case $2 in
	4) value_of "$addresses4" "$1" || : ;;
	6) value_of "$addresses6" "$1" || : ;;
	esac
	addresses=$value
}

# kernel_gateway LINK FAMILY: sets gateway to that of main's default route over LINK, "-" if it has none, empty without
# route.
kernel_gateway() {
	case $2 in
	4) value_of "$defaults4" "$1" || : ;;
	6) value_of "$defaults6" "$1" || : ;;
	esac
	gateway=$value
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
