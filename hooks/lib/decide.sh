# decide.sh: from settings, records and what was observed to what should be. Changes nothing in the kernel. The work is
# decide.awk's: the shell goes through long lists slowly.

routes4= routes6= # lines as `ip -N route show table all` lists them
refused=          # lines "FAMILY LINK": gateways that the kernel did not take
changes=          # lines "FAMILY LINK WHAT": what to say and record once the kernel took it
lost=             # lines "LINK MARK FAMILY": what is pinned to it is to be let go
moved=            # the same, of links that are in but carry nothing any more (failback)
leaving=          # lines "FAMILY ADDRESS": what links had last and have no longer, or are about to lose
loosened=         # links whose rp_filter is to be 2, or to be recorded
restored=         # records in .before of what is no link now
stale=            # records of links that left the config, or whose IPv6 did
telling= events=  # what announce.awk found to be news

# decide: sets all of these, and writes what comes and goes in the nft table to .decided.
decide() {
	takes=4
	! has_family 6 || takes='4 6'
	decided=$(
		awk -v state=$state -v mask="$mask" -v method="$method" -v seed="$hash_seed" -v families="$families" \
			-v probe_table="$probe_table" -v probe_nexthop="$probe_nexthop" -v default_name="$default_name" \
			-v strict="$bypass_strict" -v takes="$takes" -v elements=$state/.decided \
			-f $lib/observe.awk -f $lib/slots.awk -f $lib/announce.awk -f $lib/decide.awk \
			$state/* $state/.down/* $state/.in?/* $state/.out?/* $state/.held?/* $state/.own?/* $state/.moved?/* \
			$state/.lease?/* $state/.before/* $state/.told* part=1 - <<-EOF
				$listed_interfaces
				==
				$listed4
				==
				$listed6
				==
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
	routes4=$1 routes6=$2 changes=$3 lost=$4 moved=$5 leaving=$6
	shift 6
	forgotten=$1 adopted=$2 loosened=$3 restored=$4 stale=$5 telling=$6 events=$7
}

# adopt LINK…: found up. What the kernel's route says now is not recorded: the link is to be out when that goes.
adopt() {
	for name; do
		stage up "$name" gateway= gateway6=
	done
	unstage up $state
}
