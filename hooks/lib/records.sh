# records.sh: what is remembered in /run/multilink between two runs, and the lock.
#   LINK           brought up; gateway=… as ifupdown knew it
#   .down/LINK     taken down on purpose: not to be adopted although the kernel still has its address
#   .in/LINK, .out/LINK   what the kernel was last told: in the balance, or out and why
#   .before/LINK   rp_filter before multilink
#   .loaded        checksums of what was loaded (table.sh)     .since     when the table was last loaded as a whole
#   .stopped       by `multilink stop`                         .lock

# Holds the lock until this shell ends; a caller that holds it says so in MULTILINK_LOCKED. If an apply came between the
# start of a rendered script and its lock, its settings are old: it begins again as the current generation's.
lock() {
	[ -d $state/.before ] || mkdir -p $state/.down $state/.in $state/.out $state/.before
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

# stanza_gateway: sets gateway to the stanza's. ifupdown-ng gives both families' in one variable.
stanza_gateway() {
	gateway=
	for word in $IF_GATEWAY; do
		case $word in
		*[!0-9.]*) ;;
		*) gateway=${gateway:-$word} ;;
		esac
	done
}

# record_up LINK GATEWAY
record_up() {
	write "$state/$1" "gateway=$2"
	[ ! -e "$state/.down/$1" ] || rm "$state/.down/$1"
}

record_down() {
	: >"$state/.down/$1"
	rm -f "$state/$1"
}

# recorded_gateway LINK: sets gateway to what was known when the link came up.
recorded_gateway() {
	gateway=
	[ ! -e "$state/$1" ] || read -r gateway <"$state/$1"
	gateway=${gateway#gateway=}
}

# note_change LINK REASON GATEWAY: remembers in changes what is to be said once the kernel took it. No REASON: it is in.
note_change() {
	if [ -z "$2" ]; then
		[ ! -e "$state/.in/$1" ] || return 0
		[ "$3" = - ] || set -- "$1" "" ", gateway $3"
		changes="${changes}$1 in${3#-}$newline"
	else
		was=
		[ ! -e "$state/.out/$1" ] || read -r was <"$state/.out/$1"
		[ "$was" != "$2" ] || return 0
		changes="${changes}$1 out: $2$newline"
	fi
}

record_changes() {
	while read -r name word rest; do
		case $word in
		in*)
			rm -f "$state/.out/$name"
			: >"$state/.in/$name"
			;;
		out:)
			write "$state/.out/$name" "$rest"
			rm -f "$state/.in/$name"
			;;
		*) continue ;;
		esac
		say "$name is $word${rest:+ $rest}"
	done <<-EOF
		$changes
	EOF
	# A link that left the config is news when it comes back.
	for told in "$state"/.in/* "$state"/.out/*; do
		is_link "${told##*/}" || rm -f "$told"
	done
}

forget_changes() {
	rm -f $state/.loaded $state/.since $state/.elements $state/.table "$state"/.in/* "$state"/.out/*
}
