# shellcheck shell=sh
# note.sh: what ifupdown, DHCP clients and pppd say of a link is noted before anything is waited for: a hook may be
# killed, or wait for the lock in vain. Whoever has the lock next acts on it (take_notes in records.sh). The hooks
# source this first. Changes only /run/multilink/.noted.
#   .noted/NUMBER.LINK   a symbolic link, which is made as a whole or not at all, and also where /run is full; its
#                        target is the news: fields between "|", the first of them up, down or lease

notes=/run/multilink/.noted

# note LINK NEWS: the last of all that are noted of this link. The hooks of one link follow each other, so nobody else
# makes a name of this link at the same time.
note() {
	case $1 in
	'' | */* | *:*) return 0 ;; # an alias says nothing of its link
	esac
	number=100000000 # of the same length, and without a leading 0, which would make it octal
	for noted in "$notes"/[0-9]*."$1"; do
		[ ! -L "$noted" ] || number=${noted##*/}
	done
	noted=$notes/$((${number%%.*} + 1)).$1
	set -- "$2"
	# PATH_MAX in linux/limits.h. What is left out are resolvers, of which there can be any number.
	[ ${#1} -lt 4000 ] || set -- "$(printf '%.4000s' "$1" | sed 's/[^ |]*$//')"
	[ -d $notes ] || (umask 022 && mkdir -p $notes)
	ln -s "$1" "$noted"
}

# is_elsewhere: whether this is another network namespace than the one that multilink was loaded in: a container, or
# `ip netns exec`, that shares /run. What happens there is none of ours.
is_elsewhere() {
	home=
	{ read -r home </run/multilink/.netns; } 2>/dev/null || return 1 # it was not loaded yet
	[ "$home" != "$(readlink /proc/self/ns/net)" ]
}
