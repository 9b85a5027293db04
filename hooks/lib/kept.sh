# kept.sh: addresses that a link took along, as long as connections over other links carry them. A connection of this
# machine has the address of main's default link, whichever link it was given (the rest is translated); `ifdown` of that
# link takes the address, and the kernel would no longer know the answers to be its own. So the address stays local, on
# lo. Not once the link's interface runs again: by then it may be another machine's.

# keep_addresses: after let_go, so that what is left is not pinned to a lost link.
keep_addresses() {
	kept=
	[ -z "$leaving" ] || kept=$(carried)
	if [ -n "$kept" ]; then
		: >$state/.kept
	elif [ -e $state/.kept ]; then
		rm $state/.kept
	fi
	while read -r family address; do
		case $family in
		4) keep 4 "local $address dev lo table 255 scope 254 metric $protocol" "$listed4" ;;
		6) keep 6 "local $address dev lo table 255 metric $protocol" "$listed6" ;;
		esac
	done <<-EOF
		$kept
	EOF
}

# keep FAMILY ROUTE LISTED: among the routes that are wanted, and in the kernel.
keep() {
	case $1 in
	4) routes4="$routes4$2$newline" ;;
	6) routes6="$routes6$2$newline" ;;
	esac
	case $newline$3 in
	*"${newline}2 ${2#local }"*) return 0 ;;
	esac
	# shellcheck disable=SC2086 # the route's words
	ip "-$1" route replace $2 protocol $protocol || say "${2%% dev *} cannot be kept; connections that carry it will end"
}

# carried: those of leaving that a connected socket of this machine has, unless it is bound to a device: it could not
# leave by another. An IPv4 connection of an IPv6 socket has its address mapped.
carried() {
	{
		printf '%s==\n' "$leaving"
		ss -Htun
	} | awk '
		/^==$/ { listed = 1; next }
		!listed { leaving[$1 " " $2]; next }
		$2 == "TIME-WAIT" || $5 ~ /%/ { next }
		{
			address = $5
			sub(/:[0-9]*$/, "", address); gsub(/[][]/, "", address); sub(/^::ffff:/, "", address)
			key = (address ~ /:/ ? 6 : 4) " " address
			if (key in leaving && !told[key]++) print key
		}' | sort
}
