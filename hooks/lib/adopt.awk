# Of the leases in DHCP clients' files each link's last one of an address that it has now.
# In:  each client's part calls `adopt` for each lease; observe.awk has read the addresses
# Out: lines "FAMILY|LINK|ROUTERS|SERVERS|RESOLVERS", lists of words

function adopt(family, link, address, routers, servers, resolvers,    addresses, count, i) {
	count = split(held[family, link], addresses, " ")
	for (i = 1; i <= count; i++)
		if ((family == 4 ? addresses[i] : groups(addresses[i])) == address)
			found[family "|" link] = routers "|" servers "|" resolvers
}

# All eight groups of an IPv6 address, as the kernel spells each.
function groups(address,    gap, left, right, count, text, i) {
	if (!(gap = index(address, "::"))) return address
	text = substr(address, 1, gap - 1)
	count = split(text, left, ":") + split(substr(address, gap + 2), right, ":")
	for (i = count; i < 8; i++) text = text (text == "" ? "" : ":") "0"
	return text (gap + 2 > length(address) ? "" : ":" substr(address, gap + 2))
}

# RFC 3442: LENGTH, as many bytes of the network as LENGTH needs, four of the router; LENGTH 0 is the default route.
function default_router(routes,    bytes, count, i) {
	count = split(routes, bytes, " ")
	for (i = 1; i + 4 <= count; i += 5 + int((bytes[i] + 7) / 8))
		if (bytes[i] == 0) return bytes[i + 1] "." bytes[i + 2] "." bytes[i + 3] "." bytes[i + 4]
	return ""
}

END { for (key in found) print key "|" found[key] }
