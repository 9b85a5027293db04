# What ip lists, as lines to look names up in.
# In:  three parts with a line "==" between: `ip -o link show up` and `ip -o address show up`; what list_family
#      (observe.sh) lists of IPv4, of which main's default routes count; that of IPv6
# Out: five parts with a line "==" between: "NAME FLAG…", "NAME IPV4…", "NAME IPV6…", "DEVICE GATEWAY" twice

BEGIN { part = 1 }
/^==$/ { part++; next }

part == 1 && $3 ~ /^</ {
	name = $2; sub(/:$/, "", name); sub(/@.*/, "", name)
	flags = $3; gsub(/[<>]/, "", flags); gsub(/,/, " ", flags)
	if (is_name(name)) print name, flags
}
part == 1 && $3 == "inet" && $4 !~ /^169\.254\./ { add(4) }
part == 1 && $3 == "inet6" && $4 !~ /^fe[89ab]/ && !/ (tentative|dadfailed)( |$)/ { add(6) }

# What else the kernel lets an interface be called is no link's name, and could be taken for one of our lines.
function is_name(text) { return text ~ /^[A-Za-z0-9_.-]+$/ }

function add(family,    address) {
	if (!is_name($2)) return
	address = $4; sub(/\/.*/, "", address)
	if (!((family, $2) in held)) order[family, ++count[family]] = $2
	held[family, $2] = held[family, $2] " " address
}

# One route may have several next hops. A number and a colon: a rule.
part > 1 && !/ table [0-9]/ && !/^[0-9]+:/ {
	via = "-"
	for (i = 2; i < NF; i++) {
		if ($i == "nexthop") via = "-"
		if ($i == "via") via = $(i + 1)
		if ($i == "dev" && via != "inet6" && !((part, $(i + 1)) in seen)) {
			seen[part, $(i + 1)] = 1
			gateways[part] = gateways[part] $(i + 1) " " via "\n"
		}
	}
}

END {
	if (NR == 0) exit
	for (family = 4; family <= 6; family += 2) {
		print "=="
		for (i = 1; i <= count[family]; i++) print order[family, i] held[family, order[family, i]]
	}
	for (i = 2; i <= 3; i++) printf "==\n%s", gateways[i]
}
