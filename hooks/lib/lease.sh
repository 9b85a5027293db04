# lease.sh: what a link was told by DHCP, PPP or a router, as records in /run/multilink; lease.awk says what is in them.

# record_lease LINK SOURCE GATEWAYS SERVERS RESOLVERS: lists of words, of which only addresses count. A record that
# would say nothing is none, so without any word this ends what SOURCE (4, 6 or ra) said.
record_lease() {
	case $2 in
	4) lease=$state/.lease4/$1 ;;
	*) lease=$state/.lease6/$1 ;;
	esac
	was=
	[ ! -e "$lease" ] || was=$(cat "$lease")
	now=$(
		printf '%s\n' "$was" |
			GATEWAYS=$3 SERVERS=$4 RESOLVERS=$5 awk -v "source=$2" -f $lib/lease.awk
	)
	[ "$now" != "$was" ] || return 0
	if [ -z "$now" ]; then
		rm -f "$lease"
	else
		write "$lease" "$now"
	fi
}
