#!/bin/sh
# What the monitor does with probers, and nothing else. In: STATE, LIB and SETTINGS (a file of link, check_settings,
# check and check_command calls) in the environment, and verbs on stdin: start, refresh, stop. Out: each verb once it is
# done.
set -eu
# shellcheck disable=SC2034 # the library's
newline='
'
state=$STATE
lib=$LIB
generation=$STATE
# shellcheck source=hooks/lib/settings.sh
. "$LIB/settings.sh"
# shellcheck source=hooks/lib/observe.sh
. "$LIB/observe.sh"
# shellcheck source=hooks/lib/health.sh
. "$LIB/health.sh"
families='4 6'
probe_table=1000
# shellcheck source=/dev/null
. "$SETTINGS"

while read -r verb; do
	case $verb in
	start) start_probers ;;
	refresh) refresh_probers ;;
	stop) stop_probers ;;
	esac
	echo "$verb"
done
