# kept.sh: addresses that a link took along, as long as connections over other links carry them. A connection of this
# machine has the address of main's default link, whichever link it was given (the rest is translated); when that link
# is lost with its address, by `ifdown` or with its lease, the kernel would no longer know the answers to be its own.
# So the address stays local, on lo, until nothing carries it any more or it is back.
#   .kept   lines "FAMILY ADDRESS": what is kept

# keep_addresses: after let_go, so that what is left is not pinned to a lost link.
keep_addresses() {
	kept=
	if [ -n "$leaving" ] || [ -e $state/.kept ]; then
		kept=$(carried)
		if [ -n "$kept" ]; then write $state/.kept "$kept"; else rm -f $state/.kept; fi
	fi
	while read -r family address; do
		case $family in
		4) keep 4 "local $address dev lo table 255 scope 254 metric $protocol" ;;
		6) keep 6 "local $address dev lo table 255 metric $protocol" ;;
		esac
	done <<-EOF
		$kept
	EOF
}

# keep FAMILY ROUTE: among the routes that are wanted, and in the kernel.
keep() {
	echo "$2" >>"$state/.routes$1"
	! grep -q "^2 ${2#local }" "$state/.listed$1" || return 0
	# shellcheck disable=SC2086 # the route's words
	ip "-$1" route replace $2 protocol $protocol || say "${2%% dev *} cannot be kept; connections that carry it will end"
}

# carried: those of leaving, and of what is kept and not back, that a connected socket of this machine has, unless it is
# bound to a device: it could not leave by another. An IPv4 connection of an IPv6 socket has its address mapped.
carried() {
	{
		cat $state/.interfaces
		[ ! -e $state/.kept ] || cat $state/.kept
		printf '==\n%s==\n' "$leaving"
		ss -Htun
	} | awk '
		BEGIN { part = 1 }
		/^==$/ { part++; next }
		part == 1 { sub(/\/.*/, "", $2); back[$2]; next }
		part == 2 { if (!($2 in back)) candidate[$1 " " $2]; next }
		part == 3 { candidate[$1 " " $2]; next }
		$2 == "TIME-WAIT" || $5 ~ /%/ { next }
		{
			address = $5
			sub(/:[0-9]*$/, "", address); gsub(/[][]/, "", address); sub(/^::ffff:/, "", address)
			key = (address ~ /:/ ? 6 : 4) " " address
			if (key in candidate && !told[key]++) print key
		}' | sort
}
