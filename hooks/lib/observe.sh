# observe.sh: what the kernel says, read once a run: which interfaces are up, their addresses, main's default routes.

interfaces= # a line "NAME ADDRESS…" for each that is up, IPv4, without prefix lengths
defaults=   # a line "DEVICE GATEWAY" for each device with a default route in main; "-" without a gateway

# 169.254/16 (RFC 3927) is no address to reach the Internet with. Each list on its own: one that could not be had must
# end the run, not pass for an empty one.
observe() {
	listed_addresses=$(ip -br address show up)
	listed_defaults=$(ip -N -4 route show table 254 default)
	observed=$(printf '%s\n==\n%s\n' "$listed_addresses" "$listed_defaults" | awk '
		/^==$/ { print; routes = 1; next }
		!routes {
			sub(/@.*/, "", $1); line = $1
			for (i = 3; i <= NF; i++)
				if ($i ~ /^[0-9.]+(\/[0-9]+)?$/ && $i !~ /^169\.254\./ && $(i - 1) !~ /^(peer|metric)$/) {
					sub(/\/.*/, "", $i); line = line " " $i
				}
			print line
		}
		routes {
			via = "-"; dev = ""
			for (i = 2; i < NF; i++) { if ($i == "via") via = $(i + 1); if ($i == "dev") dev = $(i + 1) }
			if (dev != "" && !(dev in seen)) { seen[dev] = 1; print dev, via }
		}')
	interfaces=$newline${observed%%==*}
	defaults=${observed#*==}$newline
}

# addresses_of LINK: sets addresses; fails if the interface is down or absent.
addresses_of() {
	addresses=
	case $interfaces in
	*"$newline$1$newline"*) return 0 ;;
	*"$newline$1 "*) ;;
	*) return 1 ;;
	esac
	addresses=${interfaces#*"$newline$1 "}
	addresses=${addresses%%"$newline"*}
}

# kernel_gateway LINK: sets gateway to that of main's default route over LINK, "-" if it has none, empty without route.
kernel_gateway() {
	gateway=
	case $defaults in
	*"$newline$1 "*) ;;
	*) return 0 ;;
	esac
	gateway=${defaults#*"$newline$1 "}
	gateway=${gateway%%"$newline"*}
}

# IFF_POINTOPOINT, 0x10 in linux/if.h: such a link needs no gateway.
is_point_to_point() {
	flags=0
	[ ! -r "/sys/class/net/$1/flags" ] || read -r flags <"/sys/class/net/$1/flags"
	[ $((flags & 0x10)) -ne 0 ]
}
