# From settings, records and what was observed to what should be, for all links; not in the shell, which is slow with
# long lists. With offload.awk, observe.awk, slots.awk and announce.awk.
# In:  the records of /run/multilink as arguments (one that ends in * stands for none), then the three parts that
#      observe.awk reads; part 4, the settings' links, as `link` takes them; after a line "==" lines "FAMILY LINK" of
#      gateways that the kernel did not take.
#      -v state, mask, method, seed, families, probe_table, probe_nexthop, common_table, unbound_rule, default_name,
#      strict: as set; -v takes="4" or "4 6": the families that the kernel takes routes of; -v elements=FILE;
#      -v flowtable=FILE, empty without offload
# Out: in these files nft commands for what comes and goes in the table; routes that should be, and rules that depend on
#      addresses, in STATE/.routes4 and .routes6; in STATE/.events what is news; on stdout sections that end in the
#      character RS (036), as decide.sh names them.

# Of what was before nothing but the name is asked.
BEGIN {
	for (i = 1; i < ARGC; i++) {
		if (ARGV[i] !~ /\*$/) is_there[ARGV[i]]
		if (ARGV[i] ~ /(\*|\.before\/[^\/]*)$/) ARGV[i] = ""
	}
}

!part && FNR == 1 { first_line[FILENAME] = trim($0) }
!part && FILENAME ~ /\/\.told$/ { read_told(); next }
!part && /^(servers|dns)=/ { lease[FILENAME, ++lease_lines[FILENAME]] = $0 }
!part && /^[a-z0-9]+=/ { value = $0; sub(/^[a-z0-9]+=/, "", value); sub(/=.*/, ""); field[FILENAME, $0] = value }
!part { next }

part == 4 && NF {
	number[$1] = ++links
	name[links] = $1; mark[links] = $2; table[links] = $3; weight[links] = $4; tier[links] = $5
	configured[4, links] = $6; nexthop[4, links] = $8
	configured[6, links] = $7; nexthop[6, links] = $9
	options[links] = "," $10 ","
}
part == 5 && NF == 2 { refused[$1, $2] }

END {
	for (family = 4; family <= 6; family += 2) {
		printf "" >(state "/.routes" family)
		if (index(families, family)) decide_family(index(takes, family))
	}
	print_elements()
	print_flowtable()
	look_at_filters()
	find_stale()
	announce()
	ORS = "\036"
	print held_changes changes
	print lost
	print moved
	print leaving
	print forgotten
	print adopted
	print loosened
	print restored
	print stale
	print telling
	print revived
}

function trim(text) { sub(/^[ \t]+/, "", text); sub(/[ \t]+$/, "", text); gsub(/\036/, "?", text); return text }
function has_option(i, word) { return index(options[i], "," word ",") }
# has_flag: whether the interface is up and has the flag.
function has_flag(i, flag) { return name[i] in flags && index(flags[name[i]], " " flag " ") }
function is_down(i) { return (state "/.down/" name[i]) in is_there }

# A record of the family's, by the start of its folder's name.
function record(kind, i) { return state "/." kind family "/" name[i] }
function has(kind, i) { return record(kind, i) in is_there }

# A link is usable in a family when it was brought up (or was found up and nobody took it down), its interface is up,
# has carrier and an address, it has a gateway or needs none, and its checks do not fail.
function decide_family(is_taken,    i) {
	# Where the kernel takes no IPv6, no link has it, and there is nothing to say an error to either.
	dead_end[family] = is_taken ? "yes" : ""
	usable_count = was_usable = 0
	active_tier = ""
	# Metric 1: unbound packets find this one first; it is on lo, which nothing binds to that wants to leave. IPv6 has no
	# next hop over lo: that the route is of type local tells the same. While lo is down the kernel takes neither.
	if ("lo" in flags) {
		if (family == 4) add_route("default via " probe_nexthop " dev lo table " probe_table " metric 1 onlink")
		else add_route("local default dev lo table " probe_table " metric 1")
	}
	for (i = 1; i <= links; i++) {
		usable[i] = routed[i] = 0
		if ((family, name[i]) in default_via) main_leads_out[family] = "yes"
		if (configured[family, i] == "none") continue
		if (has("in", i)) was_usable = 1
		addresses[family, i] = is_taken ? held[family, name[i]] : ""
		observe_link(i)
		note_addresses(i)
		note_change(i)
		name_gateway(i)
		route_link(i, i + 1)
		name_addresses(i)
		read_lease(i)
		if (!usable[i]) continue
		usable_count++
		if (active_tier == "" || tier[i] < active_tier) active_tier = tier[i]
	}
	if (usable_count && !was_usable) revived = revived family "\n"
	if (common_table) route_common()
	pin_links()
	pin_leavers()
	pin_leases()
}

function add_route(text) { if (index(takes, family)) print text >(state "/.routes" family) }

# observe_link: sets usable, gateway and reason ("" if usable), and whether the link has a way out at all (routed).
function observe_link(i) {
	gateway[family, i] = ""
	reason[family, i] = find_reason(i)
	if (reason[family, i] != "") return
	routed[i] = 1
	dead_end[family] = ""
	way[i] = choose_way(i)
	if (has_option(i, "checked") && failing_checks(i)) {
		reason[family, i] = "its checks fail: " verdict
		return
	}
	usable[i] = 1
	# It came up before multilink did, or its hook was killed. What the kernel's route says now is not recorded: the link
	# is to be out when that goes.
	if ((state "/" name[i]) in is_there) return
	is_there[state "/" name[i]]
	adopted = adopted name[i] "\n"
}

function find_reason(i) {
	if (is_down(i)) return "taken down by ifdown"
	if (!(name[i] in flags)) return "its interface is down or absent"
	if (!has_flag(i, "LOWER_UP")) return "it has no carrier"
	if (addresses[family, i] == "") return "it has no IPv" family " address"
	gateway[family, i] = find_gateway(i)
	if (gateway[family, i] == "")
		return family == 6 ? "it has no IPv6 gateway" : \
			"it has no gateway; give one in its ifupdown stanza or in multilink.conf"
	if ((family, name[i]) in refused) return why_refused(gateway[family, i])
	return ""
}

function why_refused(hop) {
	return hop == "-" ? "the kernel refuses a route over it" : \
		"the kernel refuses its gateway " hop "; mend it in its ifupdown stanza or in multilink.conf"
}

# "-" if the link needs none, empty if none is known. The config's word first, then what a lease says (a renewal can
# leave main's route as it was), the kernel's own route, and what ifupdown said when the link came up.
function find_gateway(i,    found) {
	if (configured[family, i] != "auto") return configured[family, i]
	found = field[record("lease", i), "gateway"]
	if (found == "") found = default_via[family, name[i]]
	if (found == "") found = field[state "/" name[i], family == 4 ? "gateway" : "gateway6"]
	return found == "" && has_flag(i, "POINTOPOINT") ? "-" : found
}

# keep: the kernel's own route over the link has the same gateway, or there is none. Else every packet must be sent by
# the link's own table (pin).
function choose_way(i,    kernels) {
	kernels = default_via[family, name[i]]
	return kernels == "" || kernels == gateway[family, i] ? "keep" : "pin"
}

# What the prober said last, if that is bad: sets verdict. The prober writes without the lock.
function failing_checks(i,    text) {
	if ((getline text < record("health", i)) > 0) close(record("health", i))
	verdict = trim(text)
	return sub(/^down ?/, "", verdict)
}

# In changes: what it has. In leaving: what it had last and has no longer, or is about to lose (kept.sh).
function note_addresses(i,    own, count, list, j, has_now) {
	own = first_line[record("own", i)]
	has_now = addresses[family, i]
	if (has_now != "" && own != has_now) change(i, "own " has_now)
	count = split(is_down(i) ? own " " has_now : own, list)
	for (j = 1; j <= count; j++)
		if (is_down(i) || !index(" " has_now " ", " " list[j] " ")) leaving = leaving family " " list[j] "\n"
}

function change(i, text) { changes = changes family " " name[i] " " text "\n" }

# What is to be said and recorded once the kernel took it. That a link has no IPv6 is no news: many have none.
function note_change(i) {
	if (reason[family, i] == "") {
		if (!has("in", i)) change(i, "in" (gateway[family, i] == "-" ? "" : ", gateway " gateway[family, i]))
	} else if (has("in", i) || first_line[record("out", i)] != reason[family, i])
		change(i, (family == 6 && !has("in", i) ? "never: " : "out: ") reason[family, i])
}

function name_gateway(i,    hop) {
	hop = gateway[family, i]
	if (hop != "" && hop != "-" && !named[family, hop]++) gateways[family] = gateways[family] ", " hop
}

# A link whose checks fail keeps its route: its probes leave by it, and perhaps what cannot be moved.
function route_link(i, metric) {
	# Without an address IPv6 may be off on this interface.
	if (name[i] in flags && (family == 4 || addresses[family, i] != ""))
		add_default(probe_table, metric, " via " nexthop[family, i] " dev " name[i] " onlink")
	if (routed[i]) add_default(table[i], family == 6 ? 1024 : "", hop_over(i))
}

# What main has no default for, of many links: in common_table the first three that have a way out, should one go by
# itself, and in the next table everybody's, for what is bound to an interface. There the kernel goes along the next
# hops of one IPv4 route in half the time that as many routes take. But it drops such a route whole when one of its
# devices is gone, and takes none with a bad gateway: so behind those are the same as single ones. (`ip -batch` takes
# 512 words a line; awk would write a large number with an exponent.)
function route_common(    i, n, unbound, taken, place, hops, bound_table) {
	unbound = first_default[family]
	for (n = 1; n <= 3 && (i = first_but(taken)); n++) {
		if (unbound == "") unbound = name[i]
		common_default(taken, i, n)
	}
	# It may lose main's default before anything is told of it.
	i = unbound in number ? number[unbound] : 0
	if (i && routed[i] && !(i in taken)) common_default(taken, i, n)
	if (family == 4) answer_unbound(unbound)
	bound_table = sprintf("%.0f", common_table + 1)
	for (i = 1; i <= links; i++) {
		if (!routed[i]) continue
		place = int(i / 64) + 1
		hops[place] = hops[place] " nexthop" hop_over(i)
		add_default(bound_table, (tier[i] + 1) * 256 + i, hop_over(i))
	}
	if (family == 4) for (place in hops)
		if (hops[place] ~ / nexthop .* nexthop /) add_route("default table " bound_table " metric " place hops[place])
}

# first_but TAKEN: the first of the lowest tier that has a way out and is not in taken; 0: none.
function first_but(taken,    i, first) {
	for (i = 1; i <= links; i++)
		if (routed[i] && !(i in taken) && (!first || tier[i] < tier[first])) first = i
	return first + 0
}

function common_default(taken, i, place) {
	taken[i]
	add_default(common_table, place, hop_over(i))
}

# What is bound to nothing has an address of the interface that it would leave by; what answers it comes in over any
# link, and the kernel looks for the way back over that one (fib_validate_source), in vain up to here. No way is as good
# as one there, so it need not look among those of all links. (Each such rule is asked for each packet: not for many.)
function answer_unbound(device,    count, list, j) {
	count = split(held[4, device], list)
	for (j = 1; j <= count && j <= 4; j++) add_route(unbound_rule ": from " list[j] " iif lo unreachable")
}

# add_default TABLE METRIC OVER: as `ip -N` lists it. Without a next hop IPv4's is of scope link, and says so.
function add_default(into, metric, over,    onlink) {
	onlink = sub(/ onlink$/, "", over) ? " onlink" : ""
	add_route("default" over " table " into (family == 4 && onlink == "" ? " scope 253" : "") \
		(metric == "" ? "" : " metric " metric) onlink)
}

function hop_over(i,    hop) {
	hop = gateway[family, i]
	return (hop == "-" ? "" : " via " hop) " dev " name[i] (hop == "-" ? "" : " onlink")
}

# A link that is out but still there must be known too, so that what is bound to it gets its error at once. Two LTE
# sticks of one make have one address: it cannot tell them apart, and nft takes it once.
function name_addresses(i,    count, list, j) {
	if (addresses[family, i] == "") unnumbered = unnumbered ", ipv" family " . \"" name[i] "\""
	if (is_down(i)) return
	count = split(addresses[family, i], list)
	for (j = 1; j <= count; j++) {
		if (!owned[family, list[j]]++) own_addresses[family] = own_addresses[family] ", " list[j] " : goto use_" name[i]
		own_sources[family] = own_sources[family] ", " list[j] " . \"" name[i] "\""
	}
}

# What a lease says belongs to its link.
function read_lease(i,    file, j, k, count, list) {
	file = record("lease", i)
	for (j = 1; j <= lease_lines[file]; j++) {
		if (lease[file, j] ~ /^dns=/ && has_option(i, "nodns")) continue
		count = split(substr(lease[file, j], index(lease[file, j], "=") + 1), list)
		for (k = 1; k <= count; k++) lease_address(list[k], i)
	}
}

function lease_address(address, i) {
	if ((family, address, i) in leased_by) return
	leased_by[family, address, i]
	if (!leased_times[family, address]++) leased_list[family, ++leased_count[family]] = address
	leased_link[family, address] = name[i]
}

# An address that two leases name (a public resolver) belongs to neither link.
function pin_leases(    j, address) {
	for (j = 1; j <= leased_count[family]; j++) {
		address = leased_list[family, j]
		if (leased_times[family, address] == 1)
			leased[family] = leased[family] ", " address " : goto use_" leased_link[family, address]
	}
}

# What happens to what is pinned to each link, and which links are chosen from: those of the first tier that has a
# usable one.
function pin_links(    i) {
	bypass_name = ""
	for (i = 1; i <= links; i++) {
		if (configured[family, i] == "none") {
			pin_none(i)
			continue
		}
		if (tier[i] == active_tier + 0) slots_in[family] = slots_in[family] name[i] " " weight[i] " " usable[i] "\n"
		if (usable[i]) {
			set_way(i, way[i] == "keep" ? "keep_" name[i] : way[i], "forward_" name[i])
			pick_bypass(i)
			note_role(i)
		} else if (usable_count == 0 || has_option(i, "keep")) {
			set_way(i, "hold", "forward_hold")
			# First of all: once it is recorded to be out, nothing else tells that it was in.
			if (has("in", i)) held_changes = family " " name[i] " held " mark_of(i) "\n" held_changes
		} else {
			set_way(i, "out", "forward_out")
			forget_moved(i)
			out_devices = out_devices ", ipv" family " . \"" name[i] "\""
			if (has("in", i) || has("held", i)) lose(i)
		}
	}
	if (strict) bypass_name = default_name
	bypass[family] = bypass_name
	if (bypass_name != "") bypass_to = bypass_to ", ipv" family " : goto use_" bypass_name
}

# What happens to what is pinned to it: this machine's packets, and those that arrive.
function set_way(i, own, arrived) { set_ways(mark[i], own, arrived) }

function set_ways(its_mark, own, arrived) {
	ways[family] = ways[family] ", " its_mark " : goto " own
	forwarded[family] = forwarded[family] ", " its_mark " : goto " arrived
}

# By the mark that it had: another generation may have given it another one.
function lose(i,    had) {
	had = mark_in(record(has("in", i) ? "in" : "held", i))
	lost = lost name[i] " " (had == "" ? mark_of(i) : had) " " family "\n"
}

# As `conntrack -m` takes it.
function mark_of(i) { return mark[i] "/" mask }

# The last word of a record, if it is a mark.
function mark_in(path,    had) {
	had = first_line[path]
	sub(/.* /, "", had)
	return had ~ /\// ? had : ""
}

# What is no link any more is lost: its connections still bear its mark. As long as that is recorded, such a packet gets
# the same error as that of a link that is out. A mark that a link has now is that link's. While no link is usable
# nothing is let go of: that is still to be done then ("held").
function pin_leavers(    i, path, leaver, had, taken, is_recorded) {
	for (i = 1; i <= links; i++) taken[mark_of(i)]
	for (i = 1; i < ARGC; i++) {
		path = ARGV[i]
		leaver = last_name(path)
		if (path !~ ("/\\.(in|held|gone)" family "/[^/*]*$") || leaver in number) continue
		had = mark_in(path)
		if (had == "" || had in taken) continue
		taken[had]
		is_recorded = path ~ /\/\.gone/
		if (usable_count && (!is_recorded || first_line[path] ~ /^held /)) {
			changes = changes family " " leaver " gone " had "\n"
			lost = lost leaver " " had " " family "\n"
		} else if (!is_recorded) changes = changes family " " leaver " gone held " had "\n"
		if (sub("/" mask "$", "", had)) set_ways(had, "out", "forward_out")
	}
}

# ipv6 = false: what was pinned to it before, and what only it may carry (networks, a strict bypass), is to get an error
# and not what the same mark means in the other family.
function pin_none(i) {
	set_way(i, "out", "forward_out")
	if (has("in", i) && usable_count > 0) lose(i)
}

# The default link, or else the first of the first tier.
function pick_bypass(i) {
	if (bypass_name != "" && bypass_name == default_name) return
	if (name[i] != default_name && bypass_name != "" && tier[i] >= bypass_tier) return
	bypass_name = name[i]
	bypass_tier = tier[i]
}

# Whether it is chosen from (active) or stands by. failback = "all": what a backup link carried while it was needed
# moves back when it is not needed any more.
function note_role(i,    role, was) {
	role = tier[i] == active_tier ? "active" : "standby"
	if (role == "active") forget_moved(i)
	was = first_line[record("in", i)]
	sub(/ .*/, "", was)
	if (was == role && mark_in(record("in", i)) == mark_of(i)) return
	change(i, "role " role " " mark_of(i))
	if (was == "active" && role != was && has_option(i, "failback"))
		moved = moved name[i] " " mark_of(i) " " family "\n"
}

# It is used again, or out: nothing of it is to be reset any more.
function forget_moved(i) {
	if (has("moved", i)) forgotten = forgotten record("moved", i) "\n"
}

function print_elements() {
	put("map", "slots", "")
	put("map", "ways", ways[4])
	put("map", "forwarded", forwarded[4])
	put("map", "addresses", own_addresses[4])
	put("map", "leased", leased[4])
	put("map", "bypass_to", bypass_to)
	put("set", "gateways", gateways[4])
	put("set", "out_devices", out_devices)
	put("set", "unnumbered", unnumbered)
	if (flowtable) put("set", "sources", own_sources[4])
	if (index(families, 6)) {
		put("map", "slots6", "")
		put("map", "ways6", ways[6])
		put("map", "forwarded6", forwarded[6])
		put("map", "addresses6", own_addresses[6])
		put("map", "leased6", leased[6])
		put("set", "gateways6", gateways[6])
		if (flowtable) put("set", "sources6", own_sources[6])
	}
	print "flush chain inet multilink choose" >elements
	# One sequence of turns for both families where they have the same links.
	if (method != "hash" && slots_in[4] == slots_in[6]) print_slots(slots_in[4], "", "slots")
	else {
		print_slots(slots_in[4], 4, "slots")
		print_slots(slots_in[6], 6, "slots6")
	}
	# Base chains cost each packet something: this one is there only while main has a default over a link that has no way
	# out as we see it. Without one nothing of this machine's comes to dead_end.
	print "add chain inet multilink refuse\ndelete chain inet multilink refuse" >elements
	if (dead_end[4]) print "add rule inet multilink choose meta nfproto ipv4 goto dead_end" >elements
	if (dead_end[6]) print "add rule inet multilink choose meta nfproto ipv6 goto dead_end" >elements
	if (dead_end[4] && main_leads_out[4] || dead_end[6] && main_leads_out[6]) {
		print "add chain inet multilink refuse { type filter hook output priority -97; }" >elements
		print "add rule inet multilink refuse ct mark & " mask " == " mask \
			" oifname != lo reject with icmpx type no-route" >elements
	}
	close(elements)
}

# put KIND NAME ELEMENTS: flushes a map or set and fills it anew.
function put(kind, what, list) {
	print "flush " kind " inet multilink " what >elements
	if (list != "") print "add element inet multilink " what " { " substr(list, 3) " }" >elements
}

# Links whose rp_filter is not 2 yet, or whose value before is not recorded; and recorded ones that are no links now.
function look_at_filters(    i, file, filter, path) {
	for (i = 1; i <= links; i++) {
		file = "/proc/sys/net/ipv4/conf/" name[i] "/rp_filter"
		if ((getline filter < file) <= 0) continue
		close(file)
		if (filter != 2 || !((state "/.before/" name[i]) in is_there)) loosened = loosened name[i] "\n"
	}
	for (path in is_there)
		if (path ~ /\/\.before\// && !(last_name(path) in number)) restored = restored path "\n"
}

function last_name(path) { sub(/.*\//, "", path); return path }

# Of a link that left the config, or whose IPv6 did: it is news when it comes back.
function find_stale(    path, what) {
	for (path in is_there) {
		if (path !~ /\/\.(in|out|held|moved|own|gone)[46]\//) continue
		what = last_name(path)
		if (path ~ /\/\.gone/) { if (what in number) stale = stale path "\n" }
		else if (!(what in number) || path ~ /6\/[^\/]*$/ && configured[6, number[what]] == "none") stale = stale path "\n"
	}
}
