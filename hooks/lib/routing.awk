# What is to be done so that routes and rules are as they should be.
# In:  files, and before each what it is: wanted=route and family=4 or 6, where rules of that family may be among
#      routes; wanted=rule, for all families in -v families="4 6" or "4"; wanted=no and the family for what there is:
#      routes (ip -N -o route show table all proto P) and rules (ip -N -o rule show); main's routes, which name no
#      table, may be among them; -v protocol=P; -v replacing, not empty: what is added replaces what is in its place
# Out: lines "VERB COMMAND": add4, add6, del4 or del6, and what follows `ip` in `ip -batch`
# `route replace`: a new gateway takes the old one's place with no gap, but it may be refused. While one set of rules
# replaces another, nothing may be refused: a nop, which others lead to, comes first and goes last, an unreachable rule
# comes last and goes first.

$0 == "" { next }
wanted == "route" { want(family, /^[0-9]+:/ ? "rule" : "route"); next }
wanted == "rule" {
	want(4, wanted)
	if (index(families, 6)) want(6, wanted)
	next
}

function want(family, kind) {
	is_wanted[family, kind, $0] = 1
	order[++count] = $0; order_family[count] = family; order_kind[count] = kind; order_turn[count] = turn($0)
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
	gsub(/ (linkdown|dead)/, ""); gsub(/ \\\t/, " "); gsub(/ weight 1/, ""); gsub(/  +/, " ")
	sub(/ pref medium/, ""); sub(/^2 /, "local "); sub(/ +$/, "")
	find("route")
}

# A line that is listed twice is there once: when an IPv6 address comes or goes meanwhile, the kernel begins a node of
# the tree anew (fib6_dump_table in net/ipv6/ip6_fib.c) and repeats the routes to one prefix, as our defaults are.
function find(kind) {
	if (there[family, kind, $0]++ || is_wanted[family, kind, $0]) return
	surplus[++extra] = $0; surplus_family[extra] = family; surplus_kind[extra] = kind
}

function command(verb, kind, line,    priority) {
	if (kind == "route") {
		if (!sub(/ nexthop /, " protocol " protocol "&", line)) line = line " protocol " protocol
		return "route " verb " " line
	}
	priority = line; sub(/:.*/, "", priority)
	sub(/^[0-9]+: /, "", line); sub(/^not from all/, "not", line)
	return "rule " verb " priority " priority " " line " protocol " protocol
}

function print_missing(chosen,    i) {
	for (i = 1; i <= count; i++) {
		if (order_turn[i] != chosen || there[order_family[i], order_kind[i], order[i]]) continue
		if (replacing && order_kind[i] == "route") replaced[order_family[i], place(order[i])]
		print "add" order_family[i], command(order_kind[i] == "route" ? "replace" : "add", order_kind[i], order[i])
	}
}

function print_surplus(chosen,    i) {
	for (i = 1; i <= extra; i++) {
		if (turn(surplus[i]) != chosen) continue
		if (surplus_kind[i] == "route" && (surplus_family[i], place(surplus[i])) in replaced) continue
		print "del" surplus_family[i], command("del", surplus_kind[i], surplus[i])
	}
}

# place ROUTE: destination, table and metric, of which there is one. "" is IPv4's metric 0.
function place(line,    destination, table, metric) {
	destination = line; sub(/ (via|dev|table|nexthop) .*/, "", destination)
	table = line; sub(/.* table /, "", table); sub(/ .*/, "", table)
	metric = line; if (!sub(/.* metric /, "", metric)) metric = ""
	sub(/ .*/, "", metric)
	return destination " " table " " metric
}

function turn(line) { return line ~ / nop$/ ? 1 : line ~ / unreachable$/ ? 3 : 2 }

END {
	for (t = 1; t <= 3; t++) print_missing(t)
	for (t = 3; t >= 1; t--) print_surplus(t)
}
