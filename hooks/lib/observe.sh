# observe.sh: what the kernel says, read once a run: which interfaces are up, their addresses, main's default routes.

interfaces= # a line "NAME FLAG…" for each that is up; flags as in ip-link(8), without "<>", a blank between
addresses4= # a line "NAME ADDRESS…" for each that has one to reach the Internet with, without prefix lengths
addresses6=
defaults4= # a line "DEVICE GATEWAY" for each device with a default route in main; "-" without a gateway
defaults6=

# 169.254/16 (RFC 3927) and fe80::/10 are no addresses to reach the Internet with; a tentative IPv6 address, or one
# found to be somebody else's (RFC 4862), is none at all. Each list on its own: one that could not be had must end the
# run, not pass for an empty one.
observe() {
	listed_interfaces=$(printf '%s\n' 'link show up' 'address show up' | ip -o -batch -)
	listed_defaults4=$(ip -N -o -4 route show table 254 default)
	listed_defaults6=
	! has_family 6 || listed_defaults6=$(ip -N -o -6 route show table 254 default)
	observed=$(
		printf '%s\n==\n%s\n==\n%s\n' "$listed_interfaces" "$listed_defaults4" "$listed_defaults6" |
			awk -f $lib/observe.awk
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
	[ "$1" = 4 ] || has_ipv6
}

has_ipv6() {
	[ -e /proc/net/if_inet6 ] || return 1
	value=
	read -r value </proc/sys/net/ipv6/conf/lo/disable_ipv6 || [ -n "$value" ] || return
	[ "$value" = 0 ]
}
