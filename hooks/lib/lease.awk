# What a lease says, as a record: only what is an address of the family and can be one machine's.
# In:  the record as it was; -v source=4|6|ra, who speaks; in the environment GATEWAYS, SERVERS and RESOLVERS, lists of
#      words that may be anything
# Out: the record as it is now, or nothing if it would say nothing:
#      gateway=A      the first good one
#      servers=A…     DHCP servers
#      dns=A…         resolvers, each once
#      told=A…        IPv6 only: which of them DHCPv6 named, and
#      advertised=A…  which the routers' advertisements; each of the two speaks for itself

# Four decimal parts of 0 to 255 without leading zeros; no "this network" (0/8), loopback, multicast, reserved or
# broadcast address: the same as a gateway in the config.
function is_ipv4(word,    parts, i) {
	if (word !~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/ || word ~ /(^|\.)0[0-9]/) return 0
	split(word, parts, ".")
	for (i = 1; i <= 4; i++) if (length(parts[i]) > 3 || parts[i] > 255) return 0
	return parts[1] > 0 && parts[1] != 127 && parts[1] < 224
}

# RFC 4291, 2.2, without a zone and without an IPv4 part. Not `::`, `::1` or other addresses of that /16, no multicast.
function is_ipv6(word,    parts, count, i, gaps) {
	if (word !~ /^[0-9a-f:]+$/ || word ~ /:::|^:[^:]|[^:]:$/ || word ~ /^0*:/ || word ~ /^ff[0-9a-f][0-9a-f]:/) return 0
	gaps = gsub(/::/, "::", word)
	sub(/::$/, ":", word)
	count = split(word, parts, ":")
	for (i = 1; i <= count; i++) if (length(parts[i]) > 4) return 0
	return gaps == 0 ? count == 8 : gaps == 1 && count <= 8
}

# As the kernel spells it, RFC 5952: one address must not pass for two.
function spelled(word,    parts, count, i, missing, zeros, begin, longest, text) {
	if (family == 4) return word
	missing = 9 - split(word, parts, ":")
	if (word ~ /::/) {
		if (word ~ /::$/) missing++
		sub(/::/, zero_groups(missing), word)
		sub(/:$/, "", word)
	}
	count = split(word, parts, ":")
	for (i = 1; i <= count; i++) {
		sub(/^0+/, "", parts[i])
		if (parts[i] == "") parts[i] = 0
		zeros = parts[i] == "0" ? zeros + 1 : 0
		if (zeros > longest) { longest = zeros; begin = i - zeros + 1 }
	}
	text = ""
	for (i = 1; i <= count; i++) {
		if (longest > 1 && i == begin) { text = text "::"; i += longest - 1 }
		else text = text (text == "" || text ~ /:$/ ? "" : ":") parts[i]
	}
	return text
}

function zero_groups(count,    text) {
	text = ":"
	while (count-- > 0) text = text "0:"
	return text
}

function is_link_local(word) { return word ~ /^fe[89ab][0-9a-f]:/ }

function is_address(word) { return family == 4 ? is_ipv4(word) : is_ipv6(word) }

# A link-local address is reached over its own link anyway, and one on two links could not be told apart.
function addresses(words,    list, count, i, seen, known, text) {
	count = split(words, list)
	for (i = 1; i <= count && known < most; i++) {
		if (!is_address(list[i]) || is_link_local(list[i]) || (spelled(list[i]) in seen)) continue
		seen[spelled(list[i])] = 1
		text = text (known++ ? " " : "") spelled(list[i])
	}
	return text
}

function first_address(words,    list, count, i) {
	count = split(words, list)
	for (i = 1; i <= count; i++) if (is_address(list[i])) return spelled(list[i])
	return ""
}

BEGIN {
	family = source == 4 ? 4 : 6
	most = 16 # resolv.conf(5) takes three; a server could send hundreds
}

/^gateway=/ { gateway = substr($0, 9) }
/^servers=/ { servers = substr($0, 9) }
/^told=/ { told = substr($0, 6) }
/^advertised=/ { advertised = substr($0, 12) }

END {
	if (source == "ra") {
		advertised = addresses(tolower(ENVIRON["RESOLVERS"]))
	} else {
		gateway = first_address(tolower(ENVIRON["GATEWAYS"]))
		servers = addresses(tolower(ENVIRON["SERVERS"]))
		told = addresses(tolower(ENVIRON["RESOLVERS"]))
	}
	if (gateway servers told advertised == "") exit
	print "gateway=" gateway
	print "servers=" servers
	print "dns=" addresses(told " " advertised)
	if (family == 6) print "told=" told "\nadvertised=" advertised
}
