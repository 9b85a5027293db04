# settings.sh: the data of a rendered script. Variables it assigns, and the calls it makes: link, default_link, rule.

method=
hash_seed=
probe_table=
probe_nexthop=
common_table=
unbound_rule=
modules=
mask=
families=
links=
outdated=
failback=
offload=
rules=
default_name=
bypass_strict=

# link NAME MARK TABLE WEIGHT TIER GATEWAY GATEWAY6 PROBE_NEXTHOP PROBE_NEXTHOP6 OPTIONS
# Any other number of words: another version of multilink rendered it, and an upgrade has not rendered it anew yet.
# GATEWAY6 is "none" where the link's ipv6 is off; OPTIONS are words between commas, or "-".
link() {
	[ $# = 10 ] || {
		outdated=yes
		set -- "$1" "$2" "$3" 0 0 auto none - - -
	}
	! has_option "${10}" failback || failback=yes
	links="$links$1 $2 $3 $4 $5 $6 $7 $8 $9 ${10}$newline"
}

default_link() {
	default_name=$1
}

# rule PRIORITY SELECTOR ACTION; kept in the form in which `ip -N rule` lists it, to be compared with that.
rule() {
	case $2 in
	'not '*) rules="$rules$1: not from all ${2#not } $3$newline" ;;
	'') rules="$rules$1: from all $3$newline" ;;
	*) rules="$rules$1: from all $2 $3$newline" ;;
	esac
}

is_link() {
	case "$newline$links" in
	*"$newline$1 "*) return 0 ;;
	*) return 1 ;;
	esac
}

# has_option OPTIONS WORD
has_option() {
	case ",$1," in
	*",$2,"*) return 0 ;;
	*) return 1 ;;
	esac
}
