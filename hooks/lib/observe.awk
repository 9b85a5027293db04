# What the kernel says, for decide.awk.
# In:  part 1: `ip address show up`; parts 2 and 3: what list_family (observe.sh) lists of IPv4 and of IPv6, of which
#      main's default routes count
# Out: flags[NAME] of interfaces that are up, as in ip-link(8) without "<>", a blank around each; held[FAMILY, NAME],
#      addresses to reach the Internet with, without prefix lengths; default_via[FAMILY, NAME], the gateway of main's
#      default route over it, "-" without one; first_default[FAMILY], the interface of the first of these

part && /^==$/ { part++; next }

part == 1 && $3 ~ /^</ {
	device = listed_name($2)
	words = $3; gsub(/[<>]/, " ", words); gsub(/,/, " ", words)
	if (is_name(device)) flags[device] = words
	next
}
# 169.254/16 (RFC 3927) and fe80::/10 are no addresses to reach the Internet with; a tentative IPv6 address, or one
# found to be somebody else's (RFC 4862), is none at all.
part == 1 && $1 == "inet" && $2 !~ /^169\.254\./ { hold(4) }
part == 1 && $1 == "inet6" && $2 !~ /^fe[89ab]/ && !/ (tentative|dadfailed)( |$)/ { hold(6) }

# What else the kernel lets an interface be called is no link's name, and could be taken for one of our lines.
function is_name(text) { return text ~ /^[A-Za-z0-9_.-]+$/ }

# A colon ends it, and before that may be "@" and the other end's name.
function listed_name(text) { sub(/:$/, "", text); sub(/@[^@]*$/, "", text); return text }

function hold(family,    address) {
	if (!is_name(device)) return
	address = $2; sub(/\/.*/, "", address)
	if (index(" " held[family, device] " ", " " address " ")) return # listed twice: find() in routing.awk
	held[family, device] = held[family, device] (held[family, device] == "" ? "" : " ") address
}

# One route may have several next hops. A number and a colon: a rule.
(part == 2 || part == 3) && /^[^0-9]/ && !/ table [0-9]/ {
	via = "-"
	for (i = 2; i < NF; i++) {
		if ($i == "nexthop") via = "-"
		if ($i == "via") via = $(i + 1)
		if ($i != "dev" || via == "inet6") continue
		if (!((part * 2, $(i + 1)) in default_via)) default_via[part * 2, $(i + 1)] = via
		if (!((part * 2) in first_default)) first_default[part * 2] = $(i + 1)
	}
}
