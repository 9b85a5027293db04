# What is to be done so that routes and rules are as they should be.
# In:  four parts, each ended by a line "==": routes wanted, routes there (ip -N route show table all proto P), rules
#      wanted, rules there (ip -N rule show); -v protocol=P
# Out: lines "add COMMAND" and "del COMMAND" for `ip -batch`, without the word before.
# `route replace`: a new gateway takes the old one's place with no gap.

BEGIN { part = 1 }
/^==$/ { part++; next }
$0 == "" { next }

# Without what is only the kernel's comment. Names of tables are the admin's, so `ip -N` lists numbers: 7 is
# RTN_UNREACHABLE, 2 is RTN_LOCAL.
part == 2 { gsub(/ (linkdown|dead)/, ""); sub(/ pref medium/, ""); sub(/^2 /, "local "); sub(/ +$/, "") }
part == 4 {
	if ($0 !~ (" proto " protocol " *$")) next
	sub(/ proto [0-9]+ *$/, "")
	sub(/\t/, " "); gsub(/ \[[a-z]*\]/, ""); sub(/ +$/, ""); if (!/lookup 7$/) sub(/ 7$/, " unreachable")
}

# A line that is there twice is one too many.
part == 1 || part == 3 { wanted[part, $0] = 1; order[++count] = $0; kind[count] = part }
part == 2 || part == 4 {
	if (wanted[part - 1, $0] && !there[part - 1, $0]++) next
	surplus[++extra] = $0; surplus_kind[extra] = part - 1
}

function as_route(verb, line) { return "route " verb " " line " protocol " protocol }

function as_rule(verb, line,    priority) {
	priority = line; sub(/:.*/, "", priority)
	sub(/^[0-9]+: /, "", line); sub(/^not from all/, "not", line)
	return "rule " verb " priority " priority " " line " protocol " protocol
}

END {
	for (i = 1; i <= count; i++)
		if (!there[kind[i], order[i]])
			print "add " (kind[i] == 1 ? as_route("replace", order[i]) : as_rule("add", order[i]))
	for (i = 1; i <= extra; i++)
		print "del " (surplus_kind[i] == 1 ? as_route("del", surplus[i]) : as_rule("del", surplus[i]))
}
