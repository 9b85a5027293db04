# shellcheck shell=sh
# check-command.sh: runs the admin's check_command of one link again and again, never two at once; prober.sh starts it.
# In: the environment of prober.sh. Out: a line "command STATUS" a run, for health.awk. Exit status 0 is good; one that
# takes longer than 5 seconds is ended, status 124. It runs in the link's group: what it sends leaves by this link.
set -eu

every=1
case $INTERVAL in
0 | 0.*) ;;
*) every=$INTERVAL ;;
esac
MULTILINK_LINK=$LINK MULTILINK_MARK=$MARK
export MULTILINK_LINK MULTILINK_MARK MULTILINK_ADDRESS MULTILINK_GATEWAY

# The link's first IPv4 address and its gateway, as they are now; both empty if it has none.
look_up() {
	MULTILINK_ADDRESS=$(
		ip -4 -o address show dev "$LINK" scope global 2>/dev/null | sed -n '1s|.* inet \([^/ ]*\).*|\1|p'
	)
	MULTILINK_GATEWAY=$(
		ip -N -4 route show table "$TABLE" default 2>/dev/null | sed -n '1s|.* via \([^ ]*\).*|\1|p'
	)
}

while :; do
	sleep "$every" &
	look_up
	status=0
	setpriv --pdeathsig TERM --regid "$GROUP" --clear-groups \
		timeout -k 1 5 sh -c "$COMMAND" </dev/null >/dev/null 2>&1 || status=$?
	echo "command $status"
	wait
done
