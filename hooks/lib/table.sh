# table.sh: loads the nft table, or only what comes and goes in it, in one transaction.

listing= # a process that lists the table

# The commands for what comes and goes: the elements of the maps, and the rules that choose.
print_elements() {
	cat $state/.decided
	[ -z "$failback" ] || print_moved
}

# list_table: to .table, as nft lists it without counters. There may be none. (To a file: nft writes word by word.)
list_table() {
	nft -s list table inet multilink >$state/.table 2>/dev/null || :
}

# A long table takes a while to list: begun while the rest is observed.
begin_listing() {
	list_table &
	listing=$!
}

# checksum: sets rules_sum, elements_sum and table_sum. What nft lists is not the text it was given, so it is compared
# with what nft listed after the last load; without what packets put in.
checksum() {
	if [ -n "$listing" ]; then wait "$listing"; else list_table; fi
	listing=
	{
		read -r rules_sum
		read -r elements_sum
		read -r table_sum
	} <<-EOF
		$(sed '/^\t\(map\|set\) \(asked\|moving\)/,/^\t}/d' $state/.table | cksum $generation/rules.nft $state/.elements -)
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
