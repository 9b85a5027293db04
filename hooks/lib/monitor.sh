# monitor.sh: `monitor`, the verb of the long-running rendered script. In: what the kernel tells of interfaces,
# addresses, routes and rules. Out: a run of `changed` after each burst of what can matter. It decides nothing itself.
# At rest three processes wait: `ip monitor`, the filter (monitor.awk), and this shell, which reads the queue.
#   .wake      the queue, a fifo: a line from the filter, from a timer, or one of `tell_monitor` (records.sh)
#   .monitor   its lock, and its process id where start-stop-daemon writes it
#   .news      a fifo between the first two, only while they are started

# shellcheck source=hooks/lib/health.sh
. $lib/health.sh

gather_seconds=0.05 # a burst (ifup, a flap, 24 links at once) is one run; between two runs others have the machine
retry_seconds=1     # after a run that failed, for there may be no event that would lead to the next; then 2, 4, … 64
# The kernel tells of a device's state at most once a second (net/core/link_watch.c). Its late message can say what was
# told last, so nothing is news, although the state that was looked at in between is over.
settle_seconds=2
look_seconds=60     # while addresses are kept: nothing tells when the last connection that carries one has ended
source_id=
filter_id=
retry_id=
look_id=
settle_id=
mark_id=
burst=0             # its number: a mark of an earlier one says nothing
link_changed=       # whether one of the lines since the last run was about a link's own state
woken=

# Opens the queue as descriptor 3, once a process: a script that takes over by `exec` goes on with it. Open for both
# directions, so that neither opening nor reading ends when a writer does.
open_queue() {
	[ "${MULTILINK_MONITOR:-}" != $$ ] || return 0
	mkdir -p $state
	# Nobody but root can open it: whoever can could hold the lock.
	umask 077
	exec 4>>$state/.monitor
	umask 022
	flock -n 4 || {
		say 'another monitor is running; this one ends'
		exit 3
	}
	[ -p $state/.wake ] || mkfifo -m 600 $state/.wake
	exec 3<>$state/.wake
	MULTILINK_MONITOR=$$
	export MULTILINK_MONITOR
}

# monitor: never returns. Begins anew, with the library as it is then, when multilink was loaded or unloaded and when
# another generation has become current.
monitor() {
	open_queue
	trap 'stop_watching; stop_probers; exit 0' TERM INT HUP
	trap : CHLD # read returns when a child has ended
	while :; do
		if [ -n "$woken" ] || [ "${0%/*}" != "$(cd -P $generation 2>/dev/null && pwd)" ]; then begin_anew; fi
		if [ -n "$links" ] && [ ! -e $state/.stopped ]; then
			is_watching || watch
			reconcile_now
			look_again
			start_probers
		else
			stop_watching
			stop_probers
		fi
		wait_for_news
		gather
	done
}

begin_anew() {
	stop_watching
	stop_probers
	exec $lib/monitor
}

# In a process of its own: whatever fails there, and whichever generation is current by then.
reconcile_now() {
	for id in $retry_id $look_id; do
		end_child "$id"
	done
	retry_id=
	look_id=
	if $generation/changed 3<&- 4>&-; then
		retry_seconds=1
		[ ! -e $state/.kept ] || {
			put_later $look_seconds look
			look_id=$!
		}
	else
		say "the kernel's state could not be made right (exit $?); trying again in $retry_seconds s"
		put_later $retry_seconds retry
		retry_id=$!
		[ $retry_seconds -ge 64 ] || retry_seconds=$((retry_seconds * 2))
	fi
}

# look_again: once more, some time after the last change of a link's state.
look_again() {
	[ -n "$link_changed" ] || return 0
	link_changed=
	end_child "$settle_id"
	put_later $settle_seconds settle
	settle_id=$!
}

# read_queue: sets line; fails if a child has ended instead. A timer whose line has come is over.
read_queue() {
	line=
	read -r line <&3 || return
	case $line in
	wake) woken=yes ;;
	link\ * | unknown) link_changed=yes ;;
	retry) retry_id= ;;
	look) look_id= ;;
	settle) settle_id= ;;
	esac
}

# Whatever line it is, but for a late mark. The child that has ended, perhaps before this waits, may be a timer: that is
# news only if it was ended before its time. Or a prober, or one of the two that watch: that is started again a second
# later, so that one that always fails does not keep the machine busy.
wait_for_news() {
	while :; do
		if ! probers_run || { [ -n "$source_id" ] && ! is_watching; }; then
			is_running "$retry_id" || {
				put_later 1 retry
				retry_id=$!
			}
		fi
		if read_queue; then
			[ "${line%% *}" = mark ] || return 0
		elif lost_timer; then
			return 0
		fi
	done
}

# lost_timer: whether one of them has ended without a line, and forgets it.
lost_timer() {
	for id in $retry_id $look_id $settle_id; do
		is_running "$id" || {
			[ "$id" != "$retry_id" ] || retry_id=
			[ "$id" != "$look_id" ] || look_id=
			[ "$id" != "$settle_id" ] || settle_id=
			return 0
		}
	done
	return 1
}

probers_run() {
	while read -r _ id _; do
		[ -z "$id" ] || is_running "$id" || return 1
	done <<-EOF
		$probers
	EOF
}

# Takes from the queue what comes until the mark. What is queued behind it came later and leads to another run: so no
# change is lost, and all changes during a run cost one more run. The child that was to put the mark may have been ended
# before: then there is another one.
gather() {
	burst=$((burst + 1))
	mark_id=
	until [ "$line" = "mark $burst" ]; do
		is_running "$mark_id" || {
			put_later $gather_seconds "mark $burst"
			mark_id=$!
		}
		read_queue || :
	done
}

# put_later SECONDS LINE: in the background, also because the queue may be full and only this shell empties it.
put_later() {
	(
		exec 4>&-
		sleep "$1" 3<&- &
		trap 'kill $!' TERM
		wait $! || :
		echo "$2" >&3
	) &
}

# Starts `ip monitor` and its filter, and returns when the kernel will tell of every change from now on. Should this
# shell be killed, the kernel ends both.
watch() {
	stop_watching
	rm -f $state/.news
	mkfifo -m 600 $state/.news
	names=
	tables="$probe_table${common_table:+ $common_table $((common_table + 1))}"
	while read -r name _ table _; do
		names="$names $name"
		tables="$tables $table"
	done <<-EOF
		${links%"$newline"}
	EOF
	# -W interactive: line by line. Anywhere else mawk would wait for a full buffer.
	setpriv --pdeathsig KILL mawk -W interactive -v links="$names" -v tables="$tables" -v protocol=$protocol \
		-v offload="$offload" -f $lib/monitor.awk <$state/.news >&3 3<&- 4>&- &
	filter_id=$!
	# Its complaints too: when it lost messages (ENOBUFS) it says so and goes on.
	setpriv --pdeathsig KILL ip -N -o monitor label link address route rule >$state/.news 2>&1 3<&- 4>&- &
	source_id=$!
	until is_listening || ! is_watching; do
		sleep 0.02
	done
	rm -f $state/.news
}

# Has `ip monitor` joined its groups? /proc/net/netlink: sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode.
is_listening() {
	find "/proc/$source_id/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | awk '
		FILENAME == "-" { gsub(/[^0-9]/, ""); ours[$0]; next }
		$10 in ours && $4 != "00000000" { found = 1 }
		END { exit !found }' - /proc/net/netlink
}

is_watching() {
	is_running "$source_id" && is_running "$filter_id"
}

end_child() {
	! is_running "$1" || kill "$1" 2>/dev/null || : # it may end by itself just now
	wait "$1" 2>/dev/null || : # where the shell says that it was ended
}

stop_watching() {
	for id in $source_id $filter_id $retry_id $look_id $settle_id $mark_id; do
		end_child "$id"
	done
	source_id=
	filter_id=
	retry_id=
	look_id=
	settle_id=
	mark_id=
}
