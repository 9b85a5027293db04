# Makes events of what announce.awk noted, for events.sh.
# In:  a line with the names of all usable links; then an event a line, its fields between characters RS (036)
# Out: as run-events reads them: an event's variables, a line each, and an empty line

BEGIN {
	FS = "\036"
	count = split("EVENT LINK FAMILY REASON ADDRESS ADDRESS6 GATEWAY GATEWAY6 MARK TABLE DEFAULT", variable, " ")
}

NR == 1 { usable_names = $0; next }

{
	for (i = 1; i <= count; i++) print "MULTILINK_" variable[i] "=" $i
	print "MULTILINK_USABLE=" usable_names "\n"
}
