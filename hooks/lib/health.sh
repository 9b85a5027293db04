# health.sh: starts and stops the probers, one for each checked link. Sourced by the monitor, which calls
# `start_probers`, `refresh_probers` after every change, and `stop_probers`. Changes only records and processes.
# A prober (prober.sh) dies with the process that started it, however that ends.

checks=   # a line "LINK TARGET…" each; TARGET: an address of either family, or the word gateway
commands= # a line "LINK COMMAND" each
probers=  # a line "LINK PID TARGETS4|TARGETS6" for each that was started

# setpriv gives a prober's packets the group PROBERS_GROUP + number of its link, by which the nft table knows them:
# Debian leaves 65000-65533 to nobody (Policy 9.2.2), and there are at most 254 links. (fping can mark its packets only
# since 5.2, and what a check_command runs mostly cannot.)
probers_group=65000

# check_settings INTERVAL TIMEOUT DOWN_AFTER UP_AFTER QUORUM MAX_LOSS MAX_RTT; seconds, rounds, targets, %, ms
check_settings() {
	check_interval=$1
	check_timeout=$2
	down_after=$3
	up_after=$4
	quorum=$5
	max_loss=$6
	max_rtt=$7
}

# check LINK TARGET…
check() {
	checks="$checks$*$newline"
}

# check_command LINK COMMAND
check_command() {
	commands="$commands$*$newline"
}

start_probers() {
	mkdir -p $state/.health4 $state/.health6 $state/.probes4 $state/.probes6
	for record in "$state"/.health[46]/* "$state"/.probes[46]/*; do
		is_checked "${record##*/}" || rm -f "$record"
	done
	refresh_probers
}

stop_probers() {
	while read -r prober _; do
		[ -z "$prober" ] || stop_prober "$prober"
	done <<-EOF
		$probers
	EOF
}

# refresh_probers: starts what is missing or died, stops what has nothing to probe, and restarts those whose targets
# are others now. Nothing is probed where the link's table has no default route: the link is out then, whatever a probe
# says.
refresh_probers() {
	default_routes4=$(ip -N -4 route show table all default)
	default_routes6=
	! has_family 6 || default_routes6=$(ip -N -6 route show table all default)
	while read -r name mark table _; do
		if [ -n "$name" ] && is_checked "$name"; then refresh_prober; fi
	done <<-EOF
		$links
	EOF
}

refresh_prober() {
	targets_of 4
	targets4=$targets
	targets_of 6
	targets6=$targets
	facts="$targets4|$targets6"
	if prober_of "$name" && [ "$prober_facts" = "$facts" ] && is_running "$prober_pid"; then return; fi
	stop_prober "$name"
	line_of "$name" "$commands"
	command=$line
	# A link without a default route in either family is not up: neither probes nor commands say anything about it.
	if [ -z "$gateway4$gateway6" ]; then return; fi
	case $facts in
	*[!\ \|-]*) ;;
	*) [ -n "$command" ] || return 0 ;;
	esac
	start_prober
	probers="$probers$name $! $facts$newline"
}

# In: name, mark, table, targets4, targets6, command. A prober holds none of the monitor's files (its queue, its lock,
# the hooks' lock), nor passes on that the lock is held.
start_prober() {
	(
		unset MULTILINK_LOCKED
		exec 3<&- 4>&- 9>&- </dev/null
		LINK=$name MARK=$mark TABLE=$table GROUP=$((probers_group + table - probe_table))
		TARGETS4=$targets4 TARGETS6=$targets6 COMMAND=$command STATE=$state LIB=$lib CHANGED=$generation/changed
		INTERVAL=$check_interval TIMEOUT=$check_timeout DOWN_AFTER=$down_after UP_AFTER=$up_after
		QUORUM=$quorum MAX_LOSS=$max_loss MAX_RTT=$max_rtt
		export LINK MARK TABLE GROUP TARGETS4 TARGETS6 COMMAND STATE LIB CHANGED INTERVAL TIMEOUT DOWN_AFTER UP_AFTER \
			QUORUM MAX_LOSS MAX_RTT
		exec setpriv --pdeathsig TERM sh $lib/prober.sh
	) &
}

stop_prober() {
	prober_of "$1" || return 0
	if is_running "$prober_pid"; then
		kill "$prober_pid"
		wait "$prober_pid" 2>/dev/null || : # its status is the signal's, which the shell would tell
	fi
	probers=${probers%%"$1 $prober_pid "*}${probers#*"$1 $prober_pid $prober_facts$newline"}
}

# prober_of LINK: sets prober_pid and prober_facts; fails if none was started.
prober_of() {
	line_of "$1" "$probers"
	[ -n "$line" ] || return 1
	prober_pid=${line%% *}
	prober_facts=${line#* }
}

# is_running PID: it is still a child of this shell (whose pid is not $$ where this is a subshell), and no zombie.
is_running() {
	[ -n "$1" ] || return 1
	read -r self _ </proc/self/stat
	{ read -r _ _ status parent _ <"/proc/$1/stat"; } 2>/dev/null || return 1
	[ "$status" != Z ] && [ "$parent" = "$self" ]
}

is_checked() {
	case "$newline$checks$newline$commands" in
	*"$newline$1 "*) return 0 ;;
	*) return 1 ;;
	esac
}

# line_of WORD LINES: sets line to the rest of the line that begins with WORD, empty if there is none.
line_of() {
	line=
	case "$newline$2" in
	*"$newline$1 "*) ;;
	*) return 0 ;;
	esac
	line=$newline$2
	line=${line#*"$newline$1 "}
	line=${line%%"$newline"*}
}

# targets_of FAMILY: sets targets to those of the family that link `name` has (empty: none are configured; "-": there is
# nothing to probe now), and gateway4 or gateway6 to the next hop of its table ("-": none needed, empty: no route).
targets_of() {
	line_of "$name" "$checks"
	wanted=$line
	next_hop "$1"
	targets=
	for target in $wanted; do
		case $1$target in
		?gateway) targets="$targets $probed_gateway" ;;
		6*:*) targets="$targets $target" ;;
		6* | 4*:*) ;;
		4*) targets="$targets $target" ;;
		esac
	done
	targets=${targets# }
	case $targets in
	'') [ -z "$wanted" ] || [ "$wanted" != gateway ] || targets=- ;;
	*) [ -n "$next_hop" ] || targets=- ;;
	esac
}

# next_hop FAMILY: sets next_hop as targets_of says, and probed_gateway to what to ping for "gateway": the peer of a
# point-to-point link; a link-local address with its interface.
next_hop() {
	next_hop=
	[ "$1" = 4 ] && default_routes=$default_routes4 || default_routes=$default_routes6
	while read -r _ way hop rest; do
		# Only routes of this link are in its table.
		case " $rest " in
		*" table $table "*) ;;
		*) continue ;;
		esac
		[ "$way" = via ] && next_hop=$hop || next_hop=-
	done <<-EOF
		$default_routes
	EOF
	case $1$next_hop in
	4*) gateway4=$next_hop ;;
	6*) gateway6=$next_hop ;;
	esac
	probed_gateway=$next_hop
	case $next_hop in
	-) probed_gateway=$(ip "-$1" -o address show dev "$name" | sed -n 's|.* peer \([^/ ]*\).*|\1|p;q') ;;
	esac
	case $probed_gateway in
	fe[89ab]?:*) probed_gateway=$probed_gateway%$name ;;
	esac
}
