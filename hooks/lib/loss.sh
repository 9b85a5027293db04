# loss.sh: lets go of what is pinned to a link, once the table sends new connections elsewhere.
# In: `lost` and `moved`, lines "NAME MARK/MASK FAMILY(4|6)", the kernel's connections and sockets. Out: this
# machine's TCP connections over those links ended, other protocols' tracking entries deleted, forwarded TCP connections
# answered with a reset. TCP entries stay: without its entry the kernel would pick a stream up in its middle and give it
# to another link.

# How many connections one `ss -K` is told. Its filter is code for the kernel with jumps of 16 bits: 64 KiB, about 1000
# IPv6 connections; beyond that it is garbled without an error. And the kernel checks it in quadratic time (500: 9 ms).
kill_at_once=400

# Lines of lost and moved, above which all tracking entries are listed once, and loss.awk looks for theirs. The kernel
# looks through all of its entries to list those of one mark: of 200 links that took 3 seconds.
list_at_once=20

# let_go: at once, and once more a second later for packets that had passed the old table on another processor
# meanwhile. No process at all when there is nothing to let go of.
let_go() {
	forget_unanswered
	[ -n "$lost$moved" ] || return 0
	[ -z "$moved" ] || hold_off
	end_pinned
	[ -z "$moved" ] || load_table # with what end_pinned wrote for print_moved
	sweep_later
}

# sweep_later: hooks/lib/sweep is given a file of its own. (/run may be full: what could be written is swept.)
sweep_later() {
	{
		printf '%s' "$lost" | sed 's/^/lost /'
		printf '%s' "$moved" | sed 's/^/moved /'
	} >$state/.sweep.$$ || :
	run_apart $lib/sweep $state/.sweep.$$
}

# hold_off: an answer to a flow that has just been let go of would pin it to its link again. So for two seconds nothing
# new comes in over a link of moved, but for TCP.
hold_off() {
	while read -r name _ family; do
		[ -z "$name" ] || printf 'add element inet multilink moving { ipv%s . "%s" timeout 2s }\n' "$family" "$name"
	done <<-EOF | nft -f -
		$moved
	EOF
}

# end_pinned: everything that is pinned to the links in lost and moved.
end_pinned() {
	list_pinned | awk -v at_once="$kill_at_once" -f "$lib/loss.awk" | while read -r failure; do
		say "$failure; what runs over a lost link will time out"
	done
	while read -r name _ family; do
		[ -z "$name" ] || mv "$state/.moved$family/.$name" "$state/.moved$family/$name"
	done <<-EOF
		$moved
	EOF
}

# list_pinned: what loss.awk reads.
list_pinned() {
	ss -Htn || echo 'failed: ss cannot list sockets'
	count=0
	print_headings "$lost"
	print_headings "$moved" .moved
	if [ $count -gt $list_at_once ]; then list_entries; else list_by_mark; fi
}

# print_headings LINES [FOLDER]: whose entries are looked for, and in which folder their record is written.
print_headings() {
	while read -r name mark family; do
		[ -n "$name" ] || continue
		count=$((count + 1))
		echo "== ipv$family $((${mark%/*})) $((${mark#*/})) $mark${2:+ $state/$2$family/.$name}"
	done <<-EOF
		$1
	EOF
}

# list_by_mark: the entries of each link, both families' at once.
list_by_mark() {
	while read -r name mark family; do
		if [ -z "$name" ]; then continue; fi
		if ! has_both "$name $mark"; then
			list_entries -f "ipv$family" -m "$mark"
		elif [ "$family" = 4 ]; then
			list_entries -m "$mark"
		fi
	done <<-EOF
		$lost$moved
	EOF
}

# It also tells how many there were, on stderr.
list_entries() {
	conntrack -L "$@" -o extended 2>/dev/null || echo 'failed: conntrack cannot list entries'
}

# has_both LINK: whether both families of "NAME MARK" are among lost and moved.
has_both() {
	case $newline$lost$moved in
	*"$newline$1 4$newline"*) ;;
	*) return 1 ;;
	esac
	case $newline$lost$moved in
	*"$newline$1 6$newline"*) ;;
	*) return 1 ;;
	esac
}

# sweep: end_pinned for those of lost that are still out, and the flows without a connection of those of moved that are
# still not needed. Under the lock.
sweep() {
	still=
	while read -r name mark family; do
		if [ -e "$state/.out$family/$name" ] || [ -e "$state/.gone$family/$name" ]; then
			still="$still$name $mark $family$newline"
		fi
	done <<-EOF
		$lost
	EOF
	lost=$still
	sweep_moved
	moved=
	[ -z "$lost" ] || end_pinned
}

# forget_unanswered: while no link was usable the kernel's own choice carried what was begun, without a mark. What
# nothing has answered yet begins anew over a link, and what uses its port again does not follow it. Fails when there is
# none.
forget_unanswered() {
	for family in $revived; do
		conntrack -D -f "ipv$family" -m "0/$mask" -p tcp --state SYN_SENT >/dev/null 2>&1 || :
	done
}

# What had passed the old table meanwhile. Connections are not ended a second time: one that is bound to the link may
# have begun since.
sweep_moved() {
	while read -r name mark family; do
		role=
		[ -z "$name" ] || [ ! -e "$state/.in$family/$name" ] || read -r role _ <"$state/.in$family/$name" || :
		# It fails when there is none.
		[ "$role" != standby ] || conntrack -D -f "ipv$family" -m "$mark" -p udp || :
	done <<-EOF
		$moved
	EOF
}

# print_moved: nft commands for the sets moved4 and moved6, which a config with failback = "all" has.
print_moved() {
	for family in $families; do
		printf 'flush set inet multilink moved%s\n' "$family"
		for file in "$state/.moved$family"/*; do
			[ ! -s "$file" ] || cat "$file"
		done
	done
}
