# What the kernel says, for decide.awk.
# In:  part 1: `ip -o link show up` and `ip -o address show up`; parts 2 and 3: what list_family (observe.sh) lists of
#      IPv4 and of IPv6, of which main's default routes count
# Out: flags[NAME] of interfaces that are up, as in ip-link(8) without "<>", a blank around each; held[FAMILY, NAME],
#      addresses to reach the Internet with, without prefix lengths; default_via[FAMILY, NAME], the gateway of main's
#      default route over it, "-" without one

part && /^==$/ { part++; next }

part == 1 && $3 ~ /^</ {
	device = $2; sub(/:$/, "", device); sub(/@.*/, "", device)
	words = $3; gsub(/[<>]/, " ", words); gsub(/,/, " ", words)
	if (is_name(device)) flags[device] = words
	next
}
# 169.254/16 (RFC 3927) and fe80::/10 are no addresses to reach the Internet with; a tentative IPv6 address, or one
# found to be somebody else's (RFC 4862), is none at all.
part == 1 && $3 == "inet" && $4 !~ /^169\.254\./ { hold(4) }
part == 1 && $3 == "inet6" && $4 !~ /^fe[89ab]/ && !/ (tentative|dadfailed)( |$)/ { hold(6) }

# What else the kernel lets an interface be called is no link's name, and could be taken for one of our lines.
function is_name(text) { return text ~ /^[A-Za-z0-9_.-]+$/ }

function hold(family,    address) {
	if (!is_name($2)) return
	address = $4; sub(/\/.*/, "", address)
	held[family, $2] = held[family, $2] (held[family, $2] == "" ? "" : " ") address
}

# One route may have several next hops. A number and a colon: a rule.
(part == 2 || part == 3) && /^[^0-9]/ && !/ table [0-9]/ {
	via = "-"
	for (i = 2; i < NF; i++) {
		if ($i == "nexthop") via = "-"
		if ($i == "via") via = $(i + 1)
		if ($i == "dev" && via != "inet6" && !((part * 2, $(i + 1)) in default_via)) default_via[part * 2, $(i + 1)] = via
	}
}
