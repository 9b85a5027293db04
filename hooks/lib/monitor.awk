# What of the kernel's news can change what is decided about a link.
# In:  `ip -N -o monitor label link address route rule` with its complaints; -v links="NAME…", -v tables="NUMBER…"
#      (ours), -v protocol=P, which our routes and rules carry, and -v offload, not empty if other interfaces matter
# Out: a line for each that matters, at once. Own changes do not matter, unless something is deleted that is ours: that
#      may have been another program.

BEGIN {
	ORS = ""
	count = split(links, names); for (i = 1; i <= count; i++) is_link[names[i]]
	count = split(tables, numbers); for (i = 1; i <= count; i++) is_table[numbers[i]]
}

# With its newline in one write (`-W interactive` has no buffer, and ORS is another): others write into the same queue.
function tell(why) { print why "\n"; fflush() }

# The kernel repeats itself (lifetimes with every router advertisement, an interface's MTU): only what differs is told.
function tell_if_new(key, what) {
	if (known[key] == what) return
	known[key] = what
	tell(key)
}

# A link that is renamed is told by its old index.
function concerns_link(index_, name) {
	if (name in is_link) { ours[index_]; return 1 }
	return index_ in ours
}

# word("dev"): what follows it in the line.
function word(name,    i) {
	for (i = 2; i < NF; i++) if ($i == name) return $(i + 1)
	return ""
}

{ gone = "" }
/^\[[A-Z]*\]Deleted / { gone = "gone "; sub(/Deleted /, "") }

# [LINK]3: eth1@far: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN …
sub(/^\[LINK\]/, "") {
	name = $2; sub(/[@:].*/, "", name)
	if (concerns_link($1, name)) tell_if_new("link " $1, gone name " " $3 " " word("state"))
	# The probe's route is over it.
	else if (name == "lo") tell_if_new("loopback", $3 ~ /[<,]UP[,>]/ ? "up" : "")
	# The flowtable is to hold every interface that is up; a bridge's ports are not hooked.
	else if (offload) tell_if_new("device " $1, gone == "" && $3 ~ /[<,]UP[,>]/ && word("master") == "" ? name : "")
	next
}

# [ADDR]3: eth1    inet6 2001:db8::2/64 scope 0 dynamic tentative \       valid_lft 100sec preferred_lft 50sec
sub(/^\[ADDR\]/, "") {
	if (!concerns_link($1, $2)) next
	sub(/\\.*/, "")
	tell_if_new("address " $1 " " $4, gone $0)
	next
}

# [ROUTE]default via 172.16.0.1 dev eth1 table 1002 proto 157 onlink; main (254) has no table, proto 3 (boot) no proto
sub(/^\[ROUTE\]/, "") {
	table = word("table")
	if (table in is_table) {
		if (gone ? word("proto") == protocol : word("proto") != protocol) tell("route in table " table)
	} else if ((table == "" || table == 254) && $1 == "default") {
		for (i = 2; i < NF; i++) if ($i == "dev" && $(i + 1) in is_link) { tell("default route"); next }
	}
	next
}

# [RULE]1102:	from all fwmark 0x1000000/0xff000000 lookup 1002 proto 157
sub(/^\[RULE\]/, "") {
	if (gone && word("proto") == protocol) tell("rule")
	next
}

# "netlink receive error No buffer space available (105)" and whatever else: what is known may be wrong now.
{ for (key in known) delete known[key]; tell("unknown") }
