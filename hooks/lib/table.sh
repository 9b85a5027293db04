# table.sh: loads the nft table, or only what comes and goes in it, in one transaction.

# The commands for what comes and goes: the elements of the maps, and the rules that choose.
print_elements() {
	print_map slots ''
	print_map ways "$ways4"
	print_map addresses "$own_addresses4"
	print_map leased "$leased4"
	print_map bypass_to "$bypass_to"
	print_set gateways "$gateways4"
	print_set out_devices "$out_devices"
	print_set unnumbered "$unnumbered"
	[ -z "$failback" ] || print_moved
	case $families in
	*6*)
		print_map slots6 ''
		print_map ways6 "$ways6"
		print_map addresses6 "$own_addresses6"
		print_map leased6 "$leased6"
		print_set gateways6 "$gateways6"
		;;
	esac
	printf 'flush chain inet multilink choose\n'
	# One sequence of turns for both families where they have the same links.
	if [ "$method" != hash ] && [ "$slots_in4" = "$slots_in6" ]; then
		print_slots "$slots_in4" '' slots
	else
		print_slots "$slots_in4" 4 slots
		print_slots "$slots_in6" 6 slots6
	fi
	# Base chains cost each packet something: this one is there only while it is needed.
	printf 'add chain inet multilink refuse\ndelete chain inet multilink refuse\n'
	[ -z "$dead_end4$dead_end6" ] || {
		[ -z "$dead_end4" ] || printf 'add rule inet multilink choose meta nfproto ipv4 goto dead_end\n'
		[ -z "$dead_end6" ] || printf 'add rule inet multilink choose meta nfproto ipv6 goto dead_end\n'
		printf 'add chain inet multilink refuse { type filter hook output priority -97; }\n'
		printf 'add rule inet multilink refuse oifname != lo ct mark & %s == %s reject with icmpx type no-route\n' \
			"$mask" "$mask"
	}
}

# print_map NAME ELEMENTS: flushes it and fills it anew.
print_map() {
	printf 'flush map inet multilink %s\n' "$1"
	[ -z "$2" ] || printf 'add element inet multilink %s { %s }\n' "$1" "${2#, }"
}

# print_set NAME ELEMENTS: the same with a set.
print_set() {
	printf 'flush set inet multilink %s\n' "$1"
	[ -z "$2" ] || printf 'add element inet multilink %s { %s }\n' "$1" "${2#, }"
}

# print_slots LINKS FAMILY MAP
print_slots() {
	[ -n "$1" ] || return 0
	awk -v method="$method" -v seed="$hash_seed" -v family="$2" -v map="$3" -f $lib/slots.awk <<-EOF
		${1%"$newline"}
	EOF
}

# checksum: sets rules_sum, elements_sum and table_sum. The table is summed as nft lists it without counters: that is
# not the text it was given, so it is compared with what nft listed after the last load; without what packets put in.
checksum() {
	nft -s list table inet multilink 2>/dev/null | # there may be none
		sed '/^\t\(map\|set\) asked/,/^\t}/d' >$state/.table
	{
		read -r rules_sum
		read -r elements_sum
		read -r table_sum
	} <<-EOF
		$(cksum $generation/rules.nft $state/.elements $state/.table)
	EOF
}

# The whole table when somebody changed it or the rules are new, else its elements; and nothing when nothing differs, so
# that a hook without news does not start the sequence of choices anew.
load_table() {
	print_elements >$state/.elements
	was_rules=''
	was_elements=''
	was_table=''
	[ ! -e $state/.loaded ] || {
		read -r was_rules
		read -r was_elements
		read -r was_table
	} <$state/.loaded || : # cut short: everything is loaded anew
	checksum
	if [ "$rules_sum" != "$was_rules" ] || [ "$table_sum" != "$was_table" ]; then
		cat $generation/rules.nft $state/.elements | nft -f -
		: >$state/.since
	elif [ "$elements_sum" != "$was_elements" ]; then
		nft -f $state/.elements
	else
		return 0
	fi
	checksum
	write $state/.loaded "$rules_sum" "$elements_sum" "$table_sum"
}

remove_table() {
	# Create and delete: no error if there is none.
	printf '%s\n' 'table inet multilink' 'delete table inet multilink' | nft -f -
}
