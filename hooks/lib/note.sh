# shellcheck shell=sh
# note.sh: what ifupdown, DHCP clients and pppd say of a link is noted before anything is waited for: a hook may be
# killed, or wait for the lock in vain. Whoever has the lock next acts on it (take_notes in records.sh). The hooks
# source this first. Changes only /run/multilink/.noted.
#   .noted/NUMBER.LINK   a symbolic link, which is made as a whole or not at all, and also where /run is full; its
#                        target is the news: fields between "|", the first of them up, down or lease. The number has
#                        nine digits: names of interfaces can begin with digits and have a "." in them.

notes=/run/multilink/.noted

# note LINK NEWS: the last of all that are noted of this link. Two hooks of one link can run at once (pppd's ip-up and
# ipv6-up): who finds the name taken goes on to the next.
note() {
	case $1 in
	'' | */* | *:*) return 0 ;; # an alias says nothing of its link
	esac
	[ -d $notes ] || (umask 022 && mkdir -p $notes)
	number=100000000 # of the same length, and without a leading 0, which would make it octal
	for noted in "$notes"/?????????."$1"; do
		[ ! -L "$noted" ] || number=${noted##*/}
	done
	number=${number%%.*}
	until
		number=$((number + 1))
		noted=$notes/$number.$1
		make_link "$2" "$noted"
	do
		[ -L "$noted" ] || return
	done
}

# make_link NEWS PLACE: what is longer than PATH_MAX of linux/limits.h, or than a full /run has room for, goes without
# its end: those are resolvers, of which there can be any number.
make_link() {
	for length in 4000 120; do
		news=$1
		[ ${#news} -lt $length ] || news=$(printf "%.${length}s" "$news" | sed 's/[^ |]*$//')
		! ln -sn "$news" "$2" 2>/dev/null || return 0
		[ ! -L "$2" ] || return 1
	done
	ln -sn "$news" "$2" # says why
}

# note_up LINK, with the environment that ifupdown gives to hooks. Where one is called once for all of an interface
# (PHASE is up: ifupdown2, ifupdown-ng) its word is all there is; ifupdown calls one for each family. ifupdown-ng has
# both gateways in IF_GATEWAYS.
note_up() {
	note "$1" "up|${PHASE:-}|${IF_GATEWAYS:-} ${IF_GATEWAY:-}"
}

# note_down LINK: what ifupdown-ng configured by is in IF_USE. Where that is DHCP, it ends dhclient in a way that no
# hook hears of.
note_down() {
	note "$1" "down|${IF_USE:-}"
}

# is_elsewhere: whether this is another network namespace than the one that multilink was loaded in: a container, or
# `ip netns exec`, that shares /run. What happens there is none of ours.
is_elsewhere() {
	home=
	{ read -r home </run/multilink/.netns; } 2>/dev/null || return 1 # it was not loaded yet
	[ "$home" != "$(readlink /proc/self/ns/net)" ]
}
