# Ends what is pinned to links: this machine's TCP connections with `ss -K`, whose programs get ECONNABORTED, and the
# tracking entries of every other protocol with `conntrack -D`, so that their next packet is a new flow's first. So are
# those of TCP connections that nothing has answered yet.
# In:  this machine's TCP sockets (ss -Htn); for each link and family a line "== ipv4|ipv6 MARK MASK SELECTOR [FILE]",
#      both decimal, the mask one run of bits, and SELECTOR what `conntrack -m` takes; tracking entries (conntrack -L -o
#      extended), also others'; lines "failed: WHAT"; -v at_once=N connections for one `ss -K`
# Out: a line for each thing that failed. With a FILE (the link is not lost, what runs over it is to move): that file,
#      empty or an nft command that puts forwarded TCP connections into the set moved4 or moved6; sockets that are bound
#      to a device stay.
# Addresses and numbers are all that gets into a command line, and they come from the kernel.

$1 == "failed:" { sub(/^failed: /, ""); print; next }

$1 == "==" {
	selectors[$2, $3] = $5; file_of[$2, $3] = $6
	if (!($4 in lowest)) { masks[++mask_count] = $4; lowest[$4] = lowest_bit($4) }
	if ($6 != "") printf "" > $6
	sockets_end = 1
	next
}

# "State Recv-Q Send-Q Local Peer". A socket bound to a device is written address%device:port. An IPv4 connection of an
# IPv6 socket is tracked as IPv4, and ss finds it by its IPv4 addresses.
!sockets_end {
	if ($1 == "TIME-WAIT") next
	bound[plain($4) " " plain($5)] = $4 ~ /%/
	next
}

{
	link = find_link()
	if (link == "") next
	file = file_of[link]
}

$4 != 6 { forget($4, ""); next }

# No answer, so nothing that could be picked up in its middle: the next SYN, also one that is sent again, goes over a
# link that is in. Left where it is, the entry would also catch a later connection from the same port (nf_conntrack
# keeps it for 120 s), and the kernel uses ports again within seconds.
$6 == "SYN_SENT" && file == "" { forget("tcp", " --state SYN_SENT"); next }

# Two tuples: as it began, and as answers come. A socket that began the connection is at the first one's source, before
# translation; one that was connected to is at the source of the answers.
{
	n = 0
	for (i = 5; i <= NF; i++)
		if ($i ~ /^(src|dst|sport|dport)=/) { value = $i; sub(/.*=/, "", value); part[++n] = value }
	if (n != 8) next
	here = name_socket($1, part[1], part[3], part[2], part[4])
	here += name_socket($1, part[5], part[7], part[6], part[8])
	if (file == "" || here) next
	printf "%s%s . %s . %s . %s, %s . %s . %s . %s",
		files[file]++ ? ", " : "add element inet multilink moved" substr($1, 4) " { ",
		part[1], part[3], part[2], part[4], part[5], part[7], part[6], part[8] > file
}

END {
	for (i = 1; i <= ends; i++) {
		print (i % at_once == 1 || at_once == 1 ? "" : "or ") filter[i] | kill
		if ((i % at_once == 0 || i == ends) && close(kill) != 0) print "ss cannot end connections"
	}
	# It gives up when an entry went by itself meanwhile: so again, a few times. Once it got to the end it says how many it
	# deleted; that none is left (exit status 1) is what is wanted.
	for (i = 1; i <= others; i++) {
		tries = 5
		delete_entries = "conntrack -D " other[i] " 2>&1 >/dev/null | grep -q 'have been deleted'"
		while ((status = system(delete_entries)) != 0 && --tries > 0);
		if (status != 0) print "conntrack -D " other[i] " failed"
	}
	for (file in files) print " }" > file
}

BEGIN { kill = "ss -HtnK -F - >/dev/null" }

function lowest_bit(mask,    bit) {
	for (bit = 1; bit < mask && mask % (2 * bit) == 0; bit *= 2);
	return bit
}

# forget PROTOCOL MORE: the entries of the line's family and link.
function forget(protocol, more) {
	if (!named[link, protocol]++) other[++others] = "-f " $1 " -m " selectors[link] " -p " protocol more
}

# find_link: the key in `selectors` of the link that the line's mark names, empty if there is none. (There is more than
# one mask only when that was changed.)
function find_link(    n, mark, key) {
	if (!match($0, / mark=[0-9]+/)) return ""
	mark = substr($0, RSTART + 6, RLENGTH - 6)
	for (n = 1; n <= mask_count; n++) {
		key = $1 SUBSEP masked(mark, masks[n], lowest[masks[n]])
		if (key in selectors) return key
	}
	return ""
}

# awk has no bitwise "and". (It would write a large number with an exponent.)
function masked(mark, mask, bit) { return sprintf("%.0f", int(mark / bit) % (mask / bit + 1) * bit) }

function plain(address) {
	sub(/%[^:\]]*/, "", address)
	sub(/^\[::ffff:[0-9.]+\]/, substr(address, 9, index(address, "]") - 9), address)
	return address
}

# name_socket: whether this machine has that socket; if so, it is to be ended.
function name_socket(family, address, port, peer, peer_port,    ours, theirs, key) {
	ours = (family == "ipv6" ? "[" address "]" : address) ":" port
	theirs = (family == "ipv6" ? "[" peer "]" : peer) ":" peer_port
	key = ours " " theirs
	if (!(key in bound)) return 0
	if (!ended[key]++ && !(file != "" && bound[key])) filter[++ends] = "( src " ours " and dst " theirs " )"
	return 1
}
