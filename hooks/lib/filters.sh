# filters.sh: rp_filter 2 (loose) on every link that is there now; sysctl.d does it for those that appear later. Why 2
# is said in the rendered sysctl.conf. What was before is kept, and put back by `unload` or when a link leaves the
# config.

# read_filter INTERFACE: sets setting, its file, and value; fails if the interface is not there. The shell reads byte by
# byte, and /proc/sys gives its one digit only at the start: `read` sees no newline.
read_filter() {
	setting=/proc/sys/net/ipv4/conf/$1/rp_filter
	value=
	{ read -r value <"$setting"; } 2>/dev/null || [ -n "$value" ]
}

# set_filter VALUE: to `setting`. The interface may have gone since it was read: then there is nothing to be set.
set_filter() {
	{ echo "$1" >"$setting"; } 2>/dev/null || [ ! -e "$setting" ] || {
		say "$setting cannot be set to $1"
		return 1
	}
}

# What was is recorded before anything is changed.
loosen_filters() {
	for name in $loosened; do
		if [ ! -e "$state/.before/$name" ] && read_filter "$name"; then
			# If sysctl.d was here first: what an interface gets without us is in `default`.
			[ "$value" != 2 ] || read_filter default
			stage before "$name" "$value"
		fi
	done
	[ -z "$loosened" ] || unstage before $state/.before
	for name in $loosened; do
		! read_filter "$name" || [ "$value" = 2 ] || set_filter 2
	done
	# shellcheck disable=SC2086 # paths without blanks
	[ -z "$restored" ] || restore_filters $restored
}

# restore_filters RECORD…: puts back what was before, where the interface is still there, and forgets it: all with one
# process.
restore_filters() {
	for before; do
		read_filter "${before##*/}" || continue
		! read -r was <"$before" || set_filter "$was"
	done
	rm -f "$@"
}
