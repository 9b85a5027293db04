# shellcheck shell=sh
# prober.sh: probes one link until it is ended; health.sh starts it. In the environment: LINK MARK TABLE GROUP TARGETS4
# TARGETS6 COMMAND, INTERVAL TIMEOUT (seconds) DOWN_AFTER UP_AFTER QUORUM MAX_LOSS MAX_RTT, STATE LIB CHANGED.
# Every process dies with the one that started it: this shell with the monitor, judge and ticker with this shell, the
# probes with the ticker; and the ticker at its next line after the judge is gone, or at once when the judge ends it.
set -eu

# milliseconds SECONDS: "0.5" -> 500
milliseconds() {
	fraction=
	case $1 in
	*.*) fraction=${1#*.} ;;
	esac
	fraction=${fraction}000
	number=${1%%.*}${fraction%"${fraction#???}"}
	# A leading zero would make it octal.
	while [ "${number#0}" != "$number" ] && [ ${#number} -gt 1 ]; do number=${number#0}; done
	printf '%s' "$number"
}

period=$(milliseconds "$INTERVAL")
limit=$(milliseconds "$TIMEOUT")

# probe FAMILY TARGETS: bound to the link's device, so that nothing else can carry it. -i 1: a round's targets follow
# each other within a millisecond.
probe() {
	case $2 in
	'' | -) return ;;
	esac
	# shellcheck disable=SC2086 # a list of addresses
	setpriv --pdeathsig TERM --regid "$GROUP" --clear-groups \
		fping "-$1" -l -i 1 -p "$period" -t "$limit" -I "$LINK" $2 2>&1 &
}

# Seconds between the ticker's lines.
beat=2

sources() {
	probe 4 "$TARGETS4"
	probe 6 "$TARGETS6"
	if [ -n "$COMMAND" ]; then setpriv --pdeathsig TERM sh "$LIB/check-command.sh" & fi
	exec setpriv --pdeathsig TERM sh "$LIB/ticker.sh" $beat
}

while :; do
	status=0
	sources | setpriv --pdeathsig TERM mawk -W interactive -v uptime=/proc/uptime -v link="$LINK" -v state="$STATE" \
		-v changed="$CHANGED" -v beat="$beat" -v targets4="$TARGETS4" -v targets6="$TARGETS6" \
		-v interval="$INTERVAL" -v timeout="$TIMEOUT" -v down_after="$DOWN_AFTER" -v up_after="$UP_AFTER" \
		-v quorum="$QUORUM" -v max_loss="$MAX_LOSS" -v max_rtt="$MAX_RTT" -f "$LIB/health.awk" || status=$?
	# 3: after a silence, which took its time, or because the clock was set. Anything else is a program that cannot run:
	# not so fast again.
	[ "$status" = 3 ] || sleep 10
done
