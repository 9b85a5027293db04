# decide.sh: from settings, records and what was observed to what should be. Changes nothing in the kernel. The work is
# decide.awk's: the shell goes through long lists slowly.

refused=          # lines "FAMILY LINK": gateways that the kernel did not take
changes=          # lines "FAMILY LINK WHAT": what to say and record once the kernel took it
lost=             # lines "LINK MARK/MASK FAMILY": what is pinned to it is to be let go
moved=            # the same, of links that are in but carry nothing any more (failback)
leaving=          # lines "FAMILY ADDRESS": what links had last and have no longer, or are about to lose
loosened=         # links whose rp_filter is to be 2, or to be recorded
restored=         # records in .before of what is no link now
stale=            # records of links that left the config, or whose IPv6 did
revived=          # families, a line each, that no link was usable in and one is now
telling=          # if anything is news: what .told is to say then (announce.awk)

# decide: sets all of these, and writes what comes and goes in the nft table to .decided, and the routes that should be
# and rules that depend on addresses, as `ip -N` lists them, to .routes4 and .routes6, and what is news to .events.
decide() {
	takes=4
	! has_family 6 || takes='4 6'
	name_flowtable
	decided=$(
		awk -v state=$state -v mask="$mask" -v method="$method" -v seed="$hash_seed" -v families="$families" \
			-v probe_table="$probe_table" -v probe_nexthop="$probe_nexthop" -v common_table="$common_table" \
			-v unbound_rule="$unbound_rule" -v default_name="$default_name" -v strict="$bypass_strict" -v takes="$takes" \
			-v elements=$state/.decided -v flowtable="$flowtable" \
			-f $lib/offload.awk -f $lib/observe.awk -f $lib/slots.awk -f $lib/announce.awk -f $lib/decide.awk \
			$state/* $state/.down/* $state/.in?/* $state/.out?/* $state/.held?/* $state/.gone?/* $state/.own?/* \
			$state/.moved?/* $state/.lease?/* $state/.before/* $state/.told* \
			part=1 $state/.interfaces part=2 $state/.listed4 part=3 $state/.listed6 part=4 - <<-EOF
				$links
				==
				$refused
			EOF
	)
	split_decided
	# shellcheck disable=SC2086 # names and paths without blanks
	{
		[ -z "$forgotten" ] || rm -f $forgotten
		[ -z "$adopted" ] || adopt $adopted
	}
}

# decide.awk's sections end in the character RS.
split_decided() {
	IFS=$(printf '\036')
	set -f
	# shellcheck disable=SC2086 # its sections
	set -- $decided
	set +f
	unset IFS
	changes=$1 lost=$2 moved=$3 leaving=$4 forgotten=$5 adopted=$6 loosened=$7
	shift 7
	restored=$1 stale=$2 telling=$3 revived=$4
}

# adopt LINK…: found up. What the kernel's route says now is not recorded: the link is to be out when that goes.
adopt() {
	for name; do
		stage up "$name" gateway= gateway6=
	done
	unstage up $state
}
