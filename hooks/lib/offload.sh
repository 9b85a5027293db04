# offload.sh: offload = true, the nft flowtable that what is established, forwarded and pinned to a link goes by. It is
# made anew in the transaction that changes anything else, so that no flow outlives what was decided of it: the next
# packet of each takes the whole way again, past the maps as they are then.
#   .flowtable      nft commands that make it, by offload.awk; empty if the kernel refused them
#   .no-flowtables  there if this kernel has none

flowtable= # the file, empty: none is wanted, or the kernel has none

# find_flowtables: once a boot and once an apply. Asking loads the modules where there are any.
find_flowtables() {
	rm -f $state/.no-flowtables $state/.flowtable
	[ -n "$offload" ] || return 0
	has_flowtables || {
		: >$state/.no-flowtables
		say "offload: this kernel has no flowtables (its modules nf_flow_table_inet and nft_flow_offload);" \
			"forwarded connections go on without"
	}
}

# -c: nft asks the kernel, and changes nothing.
has_flowtables() {
	nft -c -f - 2>/dev/null <<-EOF
		table inet multilink
		delete table inet multilink
		table inet multilink {
			flowtable offloaded {
				hook ingress priority filter
			}
			chain forward {
				type filter hook forward priority filter
				flow add @offloaded
			}
		}
	EOF
}

name_flowtable() {
	flowtable=
	[ -z "$offload" ] || [ -e $state/.no-flowtables ] || flowtable=$state/.flowtable
}

# load FILE…: in one transaction, with a new flowtable if there is to be one. An interface that goes between being
# listed and being hooked makes nft refuse everything: so once more with those that are there now, then without.
load() {
	if [ -n "$flowtable" ]; then
		! cat "$@" $flowtable | nft -f - 2>$state/.refusal || return 0
		observe
		decide
		print_elements >$state/.elements
		! cat "$@" $flowtable | nft -f - 2>$state/.refusal || return 0
		read -r refusal <$state/.refusal || :
		say "offload: nft refuses the flowtable ($refusal); forwarded connections go on without"
		: >$flowtable
		: >$state/.since
		set -- $generation/rules.nft $state/.elements
	fi
	cat "$@" | nft -f -
}
