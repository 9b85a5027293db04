# The last lease of a link in dhclient's lease file, dhclient.leases(5).
# In:  the file; -v link=NAME; -v addresses: the link's addresses now, as `ip -br address` lists them
# Out: three lines: routers, DHCP server, resolvers, each a list of words and perhaps empty; nothing if the link has no
#      leased address. Options are one a line and strings in it quoted, so nothing a server sent can pass for a line.

/^lease \{/ { interface_ = address = routers = routes = server = resolvers = "" }

{ sub(/;$/, "") }
$1 == "interface" { interface_ = $2; gsub(/"/, "", interface_) }
$1 == "fixed-address" { address = $2 }
$1 == "option" && $2 == "routers" { routers = list() }
$1 == "option" && $2 == "rfc3442-classless-static-routes" { routes = list() }
$1 == "option" && $2 == "dhcp-server-identifier" { server = list() }
$1 == "option" && $2 == "domain-name-servers" { resolvers = list() }

/^\}/ && interface_ == link && index(addresses " ", " " address "/") {
	found = 1
	lease = (routes == "" ? routers : default_router()) "\n" server "\n" resolvers
}

END { if (found) print lease }

# The words of an option's value, without the commas.
function list(    line) {
	line = $0
	sub(/^ *option [^ ]+ */, "", line)
	gsub(/,/, " ", line)
	return line
}

# RFC 3442: LENGTH, as many bytes of the network as LENGTH needs, four of the router; LENGTH 0 is the default route.
function default_router(    bytes, count, i) {
	count = split(routes, bytes, " ")
	for (i = 1; i + 4 <= count; i += 5 + int((bytes[i] + 7) / 8))
		if (bytes[i] == 0) return bytes[i + 1] "." bytes[i + 2] "." bytes[i + 3] "." bytes[i + 4]
	return ""
}
