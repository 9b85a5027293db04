# table.sh: loads the nft table, or only what comes and goes in it, in one transaction.

listing=    # a process that lists the table
unrecorded= # whether what was loaded is still to be recorded

# The commands for what comes and goes: the elements of the maps, and the rules that choose.
print_elements() {
	cat $state/.decided
	[ -z "$failback" ] || print_moved
}

# list_table: to .table, as nft lists it without counters. There may be none. (To a file: nft writes word by word.) And
# its checksum to .sum, without what packets put in, and without the flowtable, which the kernel takes interfaces from
# that go.
list_table() {
	nft -s list table inet multilink >$state/.table 2>/dev/null || :
	sed '/^\t\(flowtable\|\(map\|set\) \(asked\|moving\)\)/,/^\t}/d' $state/.table | cksum >$state/.sum
}

# A long table takes a while to list: begun while the rest is observed.
begin_listing() {
	list_table &
	listing=$!
}

# checksum: sets rules_sum, elements_sum, table_sum and flowtable_sum. What nft lists is not the text it was given, so
# it is compared with what nft listed after the last load.
checksum() {
	if [ -n "$listing" ]; then wait "$listing"; else list_table; fi
	listing=
	flowtable_sum=
	{
		read -r rules_sum
		read -r elements_sum
		[ -z "$flowtable" ] || read -r flowtable_sum
	} <<-EOF
		$(cksum $generation/rules.nft $state/.elements ${flowtable:+"$flowtable"})
	EOF
	read -r table_sum <$state/.sum
}

# The whole table when somebody changed it or the rules are new, else its elements, else the flowtable; and nothing when
# nothing differs, so that a hook without news does not start the sequence of choices anew.
load_table() {
	record_loaded
	print_elements >$state/.elements
	was_rules=''
	was_elements=''
	was_table=''
	was_flowtable=''
	[ ! -e $state/.loaded ] || {
		read -r was_rules
		read -r was_elements
		read -r was_table
		read -r was_flowtable
	} <$state/.loaded || : # cut short: everything is loaded anew
	checksum
	if [ "$rules_sum" != "$was_rules" ] || [ "$table_sum" != "$was_table" ]; then
		load $generation/rules.nft $state/.elements
		: >$state/.since
	elif [ "$elements_sum" != "$was_elements" ]; then
		load $state/.elements
	elif [ "$flowtable_sum" != "$was_flowtable" ]; then
		load
	else
		return 0
	fi
	begin_listing
	unrecorded=yes
}

# record_loaded: what load_table loaded. Listed while the rest is done; a run that ends before leaves the old record,
# and the next loads the whole table anew.
record_loaded() {
	[ -n "$unrecorded" ] || return 0
	unrecorded=
	checksum
	write $state/.loaded "$rules_sum" "$elements_sum" "$table_sum" "$flowtable_sum"
}

remove_table() {
	# Create and delete: no error if there is none.
	printf '%s\n' 'table inet multilink' 'delete table inet multilink' | nft -f -
}
