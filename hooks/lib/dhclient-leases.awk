# What is leased by dhclient's lease files, dhclient.leases(5); for adopt.awk.
# In: the files, part=dhclient. Options are one a line and strings in it quoted, so nothing a server sent can pass for a
#     line.

part == "dhclient" {
	sub(/;$/, "")
	if (/^lease \{/) device = address = routers = routes = server = resolvers = ""
	else if ($1 == "interface") { device = $2; gsub(/"/, "", device) }
	else if ($1 == "fixed-address") address = $2
	else if ($1 == "option" && $2 == "routers") routers = values()
	else if ($1 == "option" && $2 == "rfc3442-classless-static-routes") routes = values()
	else if ($1 == "option" && $2 == "dhcp-server-identifier") server = values()
	else if ($1 == "option" && $2 == "domain-name-servers") resolvers = values()
	else if (/^\}/) adopt(4, device, address, routes == "" ? routers : default_router(routes), server, resolvers)
	next
}

# The words of an option's value, without the commas; none of them ends a field.
function values(    line) {
	line = $0
	sub(/^ *option [^ ]+ */, "", line)
	gsub(/[,|]/, " ", line)
	return line
}
