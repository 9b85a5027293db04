# What is to be done so that routes and rules are as they should be.
# In:  for IPv4 and then for IPv6 three parts, each ended by a line "==": routes wanted, rules wanted, and what there
#      is: routes (ip -N -o route show table all proto P) and rules (ip -N -o rule show); main's routes, which name no
#      table, may be among them; -v protocol=P
# Out: lines "VERB COMMAND": add4, add6, del4 or del6, and what follows `ip` in `ip -batch`
# `route replace`: a new gateway takes the old one's place with no gap. While one set of rules replaces another, nothing
# may be refused: a nop, which others lead to, comes first and goes last, an unreachable rule comes last and goes first.

BEGIN { family = 4; part = 1 }
/^==$/ { if (++part > 3) { part = 1; family = 6 } next }
$0 == "" { next }

part < 3 {
	kind = part == 1 ? "route" : "rule"
	wanted[family, kind, $0] = 1
	order[++count] = $0; order_family[count] = family; order_kind[count] = kind; order_turn[count] = turn($0)
	next
}

# Without what is only the kernel's comment. Names of tables are the admin's, so `ip -N` lists numbers: 7 is
# RTN_UNREACHABLE, 2 is RTN_LOCAL.
/^[0-9]+:/ {
	if ($0 !~ (" proto " protocol " *$")) next
	sub(/ proto [0-9]+ *$/, "")
	sub(/\t/, " "); gsub(/ \[[a-z]*\]/, ""); sub(/ +$/, ""); if (!/lookup 7$/) sub(/ 7$/, " unreachable")
	find("rule")
	next
}
/ table [0-9]/ {
	gsub(/ (linkdown|dead)/, ""); sub(/ pref medium/, ""); sub(/^2 /, "local "); sub(/ +$/, "")
	find("route")
}

# A line that is there twice is one too many.
function find(kind) {
	if (wanted[family, kind, $0] && !there[family, kind, $0]++) return
	surplus[++extra] = $0; surplus_family[extra] = family; surplus_kind[extra] = kind
}

function command(verb, kind, line,    priority) {
	if (kind == "route") return "route " verb " " line " protocol " protocol
	priority = line; sub(/:.*/, "", priority)
	sub(/^[0-9]+: /, "", line); sub(/^not from all/, "not", line)
	return "rule " verb " priority " priority " " line " protocol " protocol
}

function print_missing(chosen,    i) {
	for (i = 1; i <= count; i++)
		if (order_turn[i] == chosen && !there[order_family[i], order_kind[i], order[i]])
			print "add" order_family[i], command(order_kind[i] == "route" ? "replace" : "add", order_kind[i], order[i])
}

function print_surplus(chosen,    i) {
	for (i = 1; i <= extra; i++)
		if (turn(surplus[i]) == chosen) print "del" surplus_family[i], command("del", surplus_kind[i], surplus[i])
}

function turn(line) { return line ~ / nop$/ ? 1 : line ~ / unreachable$/ ? 3 : 2 }

END {
	for (t = 1; t <= 3; t++) print_missing(t)
	for (t = 3; t >= 1; t--) print_surplus(t)
}
