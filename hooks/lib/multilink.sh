# multilink.sh: the verbs that the rendered hooks call, sourced by them after `set -eu`. POSIX sh, no Node.
# In: the settings of a rendered script, the records in /run/multilink and the kernel's state. Out: routes, rules and
# the nft table as they should be now. Every verb ends in `reconcile`, which changes only what differs: so verbs can be
# repeated, run at once, or be killed anywhere, and the next one mends what is left.

# ifupdown2 and cron pass on a PATH that may lack the sbin folders; what programs print is parsed.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 022

state=/run/multilink
generation=/var/lib/multilink/current
lib=/usr/lib/multilink
newline='
'

# A rendered script by its real name, which tells `lock` whether an apply came between.
case $0 in
"$generation"/*)
	real=$(cd -P $generation && pwd)
	exec "$real/${0##*/}" "$@"
	;;
esac

# shellcheck source=hooks/lib/settings.sh
. $lib/settings.sh
# shellcheck source=hooks/lib/note.sh
. $lib/note.sh
# shellcheck source=hooks/lib/records.sh
. $lib/records.sh
# shellcheck source=hooks/lib/lease.sh
. $lib/lease.sh
# shellcheck source=hooks/lib/adopt.sh
. $lib/adopt.sh
# shellcheck source=hooks/lib/observe.sh
. $lib/observe.sh
# shellcheck source=hooks/lib/decide.sh
. $lib/decide.sh
# shellcheck source=hooks/lib/routing.sh
. $lib/routing.sh
# shellcheck source=hooks/lib/table.sh
. $lib/table.sh
# shellcheck source=hooks/lib/offload.sh
. $lib/offload.sh
# shellcheck source=hooks/lib/filters.sh
. $lib/filters.sh
# shellcheck source=hooks/lib/loss.sh
. $lib/loss.sh
# shellcheck source=hooks/lib/kept.sh
. $lib/kept.sh
# shellcheck source=hooks/lib/events.sh
. $lib/events.sh

# One line for the admin, in the log and on stderr. A machine without a log daemon still has stderr.
say() {
	printf 'multilink: %s\n' "$*" >&2
	logger -t multilink -p daemon.notice -- "$*" 2>/dev/null || :
}

# say_lines LINES: the same for each of them, which end in a newline; one process logs them all.
say_lines() {
	[ -n "$1" ] || return 0
	while read -r said_line; do
		printf 'multilink: %s\n' "$said_line" >&2
	done <<-EOF
		${1%"$newline"}
	EOF
	printf '%s' "$1" | logger -t multilink -p daemon.notice -- 2>/dev/null || :
}

# run_apart PROGRAM [WORD…]: in the background, in a session of its own, and holding nothing of its caller's open: not
# the lock, not the pipe that somebody reads ifup's output from. systemd ends all that an interface's ifup@ service left
# when that stops: there it is a unit of its own.
run_apart() {
	{
		if [ ! -d /run/systemd/system ] || ! timeout 5 systemd-run --quiet --no-block --collect "$@"; then
			setsid env -u MULTILINK_LOCKED "$@" &
		fi
	} </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# Exit status 4: lib/start renders anew then.
refuse_outdated() {
	[ -n "$outdated" ] || return 0
	say "another version of multilink rendered what is current, so nothing was changed; run 'multilink apply'"
	exit 4
}

# In: routes, then rules, then nft, so that nothing is sent where there is no way. Out: the reverse.
reconcile() {
	refuse_outdated
	begin_listing
	observe
	decide
	loosen_filters
	add_routing
	[ -z "$refused" ] || decide
	load_table
	let_go
	keep_addresses
	remove_routing
	record_changes
	announce
	record_loaded
	forget_listing
}

# link_up INTERFACE: called for every interface that ifupdown brings up, which the hook has noted; --all and others that
# are no links change nothing. An alias (eth0:1) brings its link another address, and the probe's route is over lo. A
# hook of an earlier version, which an upgrade has not replaced yet or the admin has changed, notes nothing.
link_up() {
	[ -n "${MULTILINK_NOTED:-}" ] || note_up "$1"
	if is_link "${1%%:*}" || [ "$1" = lo ]; then changed; else forget_stranger "$1"; fi
}

# link_down INTERFACE: out of the balance before ifupdown takes it down: with the first of its families, both go.
link_down() {
	[ -n "${MULTILINK_NOTED:-}" ] || note_down "$1"
	if is_link "$1"; then changed; else forget_stranger "$1"; fi
}

# forget_stranger INTERFACE: what was noted of what is no link; only under the lock if anything is recorded.
forget_stranger() {
	case $1 in
	*/*) return 0 ;;
	esac
	if [ -e "$state/.down/$1" ]; then lock; else rm -f "$notes"/?????????."$1"; fi
}

# changed: what a link depends on may be another now: its interface, addresses, routes, lease or health. Whoever notices
# such a thing calls this, as often as it likes.
changed() {
	lock
	[ -z "$links" ] || [ -e $state/.stopped ] || reconcile
}

# boot: everything, for what is up now. Without links: nothing of ours may be left.
boot() {
	lock
	refuse_outdated
	if [ -z "$links" ]; then
		unload
		observe
		decide
		announce
		forget_listing
		return
	fi
	rm -f $state/.stopped
	[ -e $state/.netns ] || write $state/.netns "$(readlink /proc/self/ns/net)"
	# The probe's route is over lo, and under sysvinit this runs before anything has set lo up.
	ip link set lo up
	load_modules
	find_flowtables
	adopt_leases
	reconcile
	tell_monitor wake
}

# The halves of each helper that track and that rewrite addresses. A kernel without modules has them built in, or none.
load_modules() {
	[ -n "$modules" ] && [ -d "/lib/modules/$(uname -r)" ] || return 0
	# shellcheck disable=SC2086 # a list of names
	modprobe -aq $modules || say "some of these kernel modules cannot be loaded, their helpers will not work: $modules"
}

# unload: takes everything of ours out of the kernel, by what is tagged and recorded; needs no settings. What one
# program refuses does not keep the others' from going; then the status is 1.
unload() {
	lock
	: >$state/.stopped
	left=0
	remove_table || left=1
	rm -f $state/.table $state/.elements $state/.decided # /run may be full, and this needs some room
	want_no_routing
	list_routing || left=1
	compare_routing
	run_todo del || left=1
	restore_filters "$state"/.before/*
	forget_changes
	tell_monitor wake
	return $left
}
