# shellcheck shell=sh
# ticker.sh SECONDS: the clock of a prober, whose probes depend on it. Out: a line "ticker PID", then a line "beat" each
# so many seconds, until nobody reads them. sleep(1) counts the time since the boot, whatever the date is set to; fping
# 5.1 goes by the date.
set -eu

echo "ticker $$"
# The pipe is this shell's alone: when it has ended, the judge sees the end of its input.
while sleep "$1" >/dev/null; do
	echo beat
done
