# For slots.test.ts, with hooks/lib/slots.awk. In: lines "METHOD;NAME WEIGHT USABLE;…". Out: what it writes for
# each, and a line "==".
{
	method = $0
	sub(/;.*/, "", method)
	lines = substr($0, length(method) + 2) "\n"
	gsub(/;/, "\n", lines)
	print_slots(lines, "", "slots")
	print "==" >elements
}
