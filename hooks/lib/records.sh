# records.sh: what is remembered in /run/multilink between two runs, and the lock.
#   LINK           brought up; gateway=… and gateway6=… as ifupdown knew them
#   .down/LINK     taken down on purpose: not to be adopted although the kernel still has its address
#   .lease4/LINK, .lease6/LINK    what a lease says: gateway=…, servers=…, dns=…
#   .health4/LINK, .health6/LINK  what its prober says: up, or down and why; then loss=… rtt=…
#   .in4/LINK, .in6/LINK          what the kernel was last told: in the balance; active, or standby in a later tier; the
#                                 mark of its connections, as MARK/MASK
#   .out4/LINK, .out6/LINK        out, and why
#   .held4/LINK, .held6/LINK      out while nothing else was usable: what is pinned to it was not let go; its mark
#   .gone4/LINK, .gone6/LINK      no link any more: its mark
#   .moved4/LINK, .moved6/LINK    failback = "all": nft command that names the connections to be reset (loss.sh)
#   .own4/LINK, .own6/LINK        the addresses it had last      .kept   (kept.sh)
#   .before/LINK   rp_filter before multilink
#   .loaded        checksums of what was loaded (table.sh)     .since     when the table was last loaded as a whole
#   .stopped       by `multilink stop`                         .lock
#   .sweep.PID     what is to be swept in a second (loss.sh)
#   .wake .monitor .news   the monitor's (monitor.sh)
#   .told, .events, .queue/   what was announced (events.sh), what is news in this run, and what waits to be announced

# Holds the lock until this shell ends; a caller that holds it says so in MULTILINK_LOCKED. If an apply came between the
# start of a rendered script and its lock, its settings are old: it begins again as the current generation's.
lock() {
	[ -d $state/.staged/gone6 ] || mkdir -p $state/.down $state/.before $state/.in4 $state/.in6 $state/.out4 $state/.out6 \
		$state/.held4 $state/.held6 $state/.gone4 $state/.gone6 $state/.lease4 $state/.lease6 \
		$state/.health4 $state/.health6 $state/.moved4 $state/.moved6 $state/.own4 $state/.own6 \
		$state/.staged/up $state/.staged/before $state/.staged/in4 $state/.staged/in6 $state/.staged/out4 \
		$state/.staged/out6 $state/.staged/own4 $state/.staged/own6 $state/.staged/gone4 $state/.staged/gone6
	[ -z "${MULTILINK_LOCKED:-}" ] || return 0
	exec 9>$state/.lock
	flock -w 60 9 || {
		say "another multilink has held $state/.lock for 60 seconds; nothing was changed"
		exit 3
	}
	MULTILINK_LOCKED=yes
	export MULTILINK_LOCKED
	case $0 in
	*/generations/*)
		now=$(cd -P $generation && pwd)
		[ "${0%/*}" = "$now" ] || exec "$generation/${0##*/}"
		;;
	esac
}

# write FILE LINE…: at once or not at all. Only under the lock.
write() {
	target=$1
	shift
	printf '%s\n' "$@" >$state/.new && mv $state/.new "$target"
}

# stage FOLDER NAME LINE…: writes a record that `unstage` puts in its place. Only under the lock.
stage() {
	staged=$state/.staged/$1/$2
	shift 2
	printf '%s\n' "$@" >"$staged"
}

# unstage FOLDER PLACE: all that was staged, each at once, by one process.
unstage() {
	place=$2
	set -- "$state/.staged/$1"/*
	[ ! -e "$1" ] || mv -t "$place" "$@"
}

# stanza_gateways: sets gateway and gateway6 to the stanza's. ifupdown-ng gives both families' in one variable.
stanza_gateways() {
	gateway=
	gateway6=
	for word in $IF_GATEWAY; do
		case $word in
		*[!0-9A-Fa-f.:]*) ;;
		*:*) gateway6=${gateway6:-$word} ;;
		*[!0-9.]*) ;;
		*) gateway=${gateway:-$word} ;;
		esac
	done
}

# record_up LINK GATEWAY GATEWAY6: an empty one leaves what the other family's stanza said.
record_up() {
	set -- "$1" "$2" "$3" "" ""
	if [ -e "$state/$1" ]; then
		recorded_gateway "$1" 4
		set -- "$1" "$2" "$3" "$gateway" ""
		recorded_gateway "$1" 6
		set -- "$1" "$2" "$3" "$4" "$gateway"
	fi
	write "$state/$1" "gateway=${2:-$4}" "gateway6=${3:-$5}"
	[ ! -e "$state/.down/$1" ] || rm "$state/.down/$1"
}

record_down() {
	: >"$state/.down/$1"
	rm -f "$state/$1"
}

# recorded_gateway LINK FAMILY: sets gateway to what was known when the link came up.
recorded_gateway() {
	case $2 in
	4) record_field "$state/$1" gateway ;;
	6) record_field "$state/$1" gateway6 ;;
	esac
	gateway=$field
}

# record_field FILE NAME: sets field to what the file's line NAME=… says, empty without file or line.
record_field() {
	field=
	[ -e "$1" ] || return 0
	while read -r line; do
		case $line in
		"$2="*) field=${line#*=} ;;
		esac
	done <"$1"
}

# What was staged and not put in its place is of a run that was killed.
record_changes() {
	said=
	gone=$stale
	for left in "$state"/.staged/*/*; do
		[ ! -e "$left" ] || rm -f "$left"
	done
	while read -r family name word rest; do
		[ "$family" = 4 ] && for='' || for=' for IPv6'
		case $word in
		in*)
			gone="$gone $state/.out$family/$name $state/.held$family/$name"
			: >"$state/.in$family/$name"
			said="$said$name is in$for${word#in}${rest:+ $rest}$newline"
			;;
		out: | never:)
			stage "out$family" "$name" "$rest"
			gone="$gone $state/.in$family/$name"
			[ "$word" = never: ] || said="$said$name is out$for: $rest$newline"
			;;
		role) stage "in$family" "$name" "$rest" ;;
		held) write "$state/.held$family/$name" "$rest" ;;
		own | gone) stage "$word$family" "$name" "$rest" ;;
		esac
	done <<-EOF
		$changes
	EOF
	while read -r name _ family; do
		[ -z "$name" ] || gone="$gone $state/.held$family/$name"
	done <<-EOF
		$lost
	EOF
	[ -z "$changes" ] || for folder in in4 in6 out4 out6 own4 own6 gone4 gone6; do
		unstage $folder "$state/.$folder"
	done
	# shellcheck disable=SC2086 # paths without blanks
	[ -z "$gone" ] || rm -f $gone
	say_lines "$said"
}

# Has the monitor begin anew, if it runs: multilink was loaded (another generation, an upgrade) or unloaded. Open for
# both directions: without a monitor nobody waits.
wake_monitor() {
	[ ! -p $state/.wake ] || echo wake 1<>$state/.wake
}

forget_changes() {
	rm -f "$state"/.moved?/*
	rm -f "$state"/.own?/* "$state"/.gone?/* $state/.kept
	rm -f "$state"/.in?/* "$state"/.out?/* "$state"/.held?/*
	rm -f $state/.loaded $state/.since $state/.decided $state/.elements $state/.table $state/.sum
	rm -f $state/.sweep.*
	rm -f $state/.interfaces $state/.listed? $state/.routes? $state/.events
}
