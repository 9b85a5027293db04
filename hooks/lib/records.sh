# records.sh: what is remembered in /run/multilink between two runs, and the lock.
#   LINK           brought up; gateway=… and gateway6=… as ifupdown knew them
#   .down/LINK     taken down on purpose: not to be adopted although the kernel still has its address
#   .lease4/LINK, .lease6/LINK    what a lease says: gateway=…, servers=…, dns=…
#   .health4/LINK, .health6/LINK  what its prober says: up, or down and why; then loss=… rtt=…
#   .in4/LINK, .in6/LINK          what the kernel was last told: in the balance; active, or standby in a later tier; the
#                                 mark of its connections, as MARK/MASK
#   .out4/LINK, .out6/LINK        out, and why
#   .held4/LINK, .held6/LINK      out while nothing else was usable: what is pinned to it was not let go; its mark
#   .gone4/LINK, .gone6/LINK      no link any more: its mark; after "held", while what is pinned to it was not let go
#   .moved4/LINK, .moved6/LINK    failback = "all": nft command that names the connections to be reset (loss.sh)
#   .own4/LINK, .own6/LINK        the addresses it had last      .kept   (kept.sh)
#   .before/LINK   rp_filter before multilink
#   .loaded        checksums of what was loaded (table.sh)     .since     when the table was last loaded as a whole
#   .stopped       by `multilink stop`                         .lock
#   .sweep.PID     what is to be swept in a second (loss.sh)
#   .noted/        news that nobody acted on yet (note.sh)     .netns     the network namespace of all this
#   .wake .monitor .news   the monitor's (monitor.sh)
#   .told, .events, .queue/   what was announced (events.sh), what is news in this run, and what waits to be announced

folders='.down .before .in4 .in6 .out4 .out6 .held4 .held6 .gone4 .gone6 .lease4 .lease6 .health4 .health6
	.moved4 .moved6 .own4 .own6 .noted .staged/up .staged/before .staged/in4 .staged/in6 .staged/out4 .staged/out6
	.staged/gone4 .staged/gone6 .staged/own4 .staged/own6'
lock_seconds=60 # debian/multilink.service waits longer

# lock: holds the lock until this shell ends; a caller that holds it says so in MULTILINK_LOCKED. Then what was noted
# becomes records, where the settings are known.
lock() {
	refuse_elsewhere
	make_folders
	[ -n "${MULTILINK_LOCKED:-}" ] || take_lock
	[ -z "$families" ] || take_notes
}

refuse_elsewhere() {
	! is_elsewhere || {
		say "$state is that of another network namespace, so nothing was changed; if there is none any more, remove $state"
		exit 3
	}
}

# Of another version's some can be missing.
make_folders() {
	for folder in $folders; do
		[ -d "$state/$folder" ] || {
			# shellcheck disable=SC2086 # a list of names
			(mkdir -p $state && cd $state && mkdir -p $folders)
			return
		}
	done
}

# Nobody but root can open the file: whoever can could hold the lock. If an apply came between the start of a rendered
# script and its lock, its settings are old: it begins again as the current generation's.
take_lock() {
	umask 077
	exec 9>$state/.lock
	umask 022
	flock -n 9 || {
		# Should this be ended, or wait in vain, the monitor acts on what was noted.
		! has_notes || tell_monitor noted
		flock -w $lock_seconds 9 || {
			say "another multilink has held $state/.lock for $lock_seconds seconds; nothing was changed"
			exit 3
		}
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

has_notes() {
	set -- "$notes"/?????????.*
	[ -L "$1" ]
}

# take_notes: in their order. One that cannot be recorded (/run is full) stays, and so do those after it. That of what
# is no link may go meanwhile (forget_stranger).
take_notes() {
	for noted in "$notes"/?????????.*; do
		news=$(readlink "$noted") || continue
		name=${noted##*/}
		name=${name#*.}
		IFS='|'
		set -f
		# shellcheck disable=SC2086 # its fields
		set -- $news
		set +f
		unset IFS
		take_note "$name" "$@"
		rm -f "$noted"
	done
}

# take_note LINK up PHASE GATEWAYS | LINK down USED | LINK lease SOURCE VERB GATEWAYS SERVERS RESOLVERS. What is no link
# may have been one when it was taken down, and may be one again.
take_note() {
	case $2 in
	up)
		if is_link "$1"; then record_up "$1" "$3" "${4:-}"; else rm -f "$state/.down/$1"; fi
		;;
	down) ! is_link "$1" || record_down "$1" "${3:-}" ;;
	lease)
		record_lease "$1" "$3" "${5:-}" "${6:-}" "${7:-}"
		[ "$4" != up ] || rm -f "$state/.down/$1"
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

# stanza_gateways WORDS: sets gateway and gateway6 to the first of each family. ifupdown-ng gives both families'.
stanza_gateways() {
	gateway=
	gateway6=
	for word in $1; do
		case $word in
		*[!0-9A-Fa-f.:]*) ;;
		*:*) gateway6=${gateway6:-$word} ;;
		*[!0-9.]*) ;;
		*) gateway=${gateway:-$word} ;;
		esac
	done
}

# record_up LINK PHASE GATEWAYS: where the hook is called once for all of an interface (PHASE is up: ifupdown2 and
# ifupdown-ng), what it says is all. ifupdown calls it for each family: what one says nothing of was another's to say.
record_up() {
	stanza_gateways "$3"
	set -- "$1" "$2" "$gateway" "$gateway6"
	if [ "$2" != up ] && [ -e "$state/$1" ]; then
		recorded_gateway "$1" 4
		set -- "$1" "$2" "${3:-$gateway}" "$4"
		recorded_gateway "$1" 6
		set -- "$1" "$2" "$3" "${4:-$gateway}"
	fi
	write "$state/$1" "gateway=$3" "gateway6=$4"
	[ ! -e "$state/.down/$1" ] || rm "$state/.down/$1"
}

# record_down LINK USED: the word dhcp in USED: ifupdown-ng, which ends dhclient with kill -9, so that nobody says that
# the lease is over. Any other client says so itself, or goes on.
record_down() {
	: >"$state/.down/$1"
	rm -f "$state/$1"
	case " $2 " in
	*' dhcp '*) rm -f "$state/.lease4/$1" ;;
	esac
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

# tell_monitor LINE, if it runs: `wake` has it begin anew, because multilink was loaded (another generation, an upgrade)
# or unloaded; any other line has it look. Open for both directions: without a monitor nobody waits.
tell_monitor() {
	[ ! -p $state/.wake ] || echo "$1" 1<>$state/.wake
}

forget_changes() {
	rm -f "$state"/.moved?/*
	rm -f "$state"/.own?/* "$state"/.gone?/* $state/.kept
	rm -f "$state"/.in?/* "$state"/.out?/* "$state"/.held?/*
	rm -f $state/.loaded $state/.since $state/.decided $state/.elements $state/.table $state/.sum
	rm -f $state/.sweep.*
	rm -f $state/.interfaces $state/.listed? $state/.routes? $state/.events
}
