# What became of the links since it was last announced, for decide.awk.
# In:  what was decided, and .told (events.sh)
# Out: telling, what .told is to say; in STATE/.events what events.awk makes events of. Here they are only noted, a
#      short line each: perhaps nobody listens, and the kernel waits for what decide.awk decides.

function read_told() {
	if ($0 == "") return
	was_told = was_told $0 "\n"
	told_count++
	told_line[told_count] = $0
	if ($1 == "up") was_up[$2]
	else told[$1, $2] = $3 " " $4
}

function announce(    i, lines) {
	OFS = "\036" # no address, and no reason that was trimmed, has this character
	printf "" >(state "/.events")
	usable_names = ""
	for (i = 1; i <= links; i++)
		if (is_in(4, i) || is_in(6, i)) usable_names = usable_names (usable_names == "" ? "" : " ") name[i]
	for (i = 1; i <= links; i++) lines = lines tell_link(i)
	for (i = 1; i <= told_count; i++) tell_leaver(told_line[i])
	# A first word of its own: all links can be down.
	telling = lines == was_told ? "" : "told\n" lines
}

function is_in(fam, i) {
	return index(families, fam) && configured[fam, i] != "none" && reason[fam, i] == ""
}

# In the order in which a link goes and comes.
function tell_link(i,    lines, is_up) {
	lines = tell_family(4, i) tell_family(6, i)
	is_up = !is_down(i) && name[i] in flags
	if (event[4] == "lost") note_event("lost", 4, why[4], i)
	if (event[6] == "lost") note_event("lost", 6, why[6], i)
	if (!is_up && name[i] in was_up) note_event("down", "", why[4], i)
	if (is_up && !(name[i] in was_up)) note_event("up", "", "", i)
	if (event[4] == "usable") note_event("usable", 4, "", i)
	if (event[6] == "usable") note_event("usable", 6, "", i)
	return lines (is_up ? "up " name[i] "\n" : "")
}

# Sets event: usable (also when its address or gateway changed while it was so), lost (and why), or nothing; and its
# facts, "ADDRESS GATEWAY", of a lost link those it had: who takes a name out of the DNS needs them.
function tell_family(fam, i,    last, first) {
	event[fam] = why[fam] = ""
	last = told[fam, name[i]]
	first = index(families, fam) && !index(takes, fam) ? "" : held[fam, name[i]]
	sub(/ .*/, "", first)
	if (is_in(fam, i)) {
		facts[fam] = first " " gateway[fam, i]
		if (facts[fam] != last) event[fam] = "usable"
		return fam " " name[i] " " facts[fam] "\n"
	}
	facts[fam] = first " -"
	why[fam] = reason[fam, i]
	if (last != "") {
		if (configured[fam, i] == "none") why[fam] = "its IPv6 is off in multilink.conf"
		facts[fam] = last
		event[fam] = "lost"
	}
	return ""
}

# Links that were usable and are in the config no more.
function tell_leaver(line,    part_of) {
	split(line, part_of)
	if (part_of[1] == "up" || part_of[2] in number) return
	facts[4] = facts[6] = " "
	facts[part_of[1]] = part_of[3] " " part_of[4]
	name[0] = part_of[2]
	note_event("lost", part_of[1], "it is in multilink.conf no more", 0)
}

# An event a line, and before the first the names of all usable links, which each event tells. The order of the fields
# is that of the variables in events.awk. Without a family, the default link is that of IPv4.
function note_event(what, fam, text, i) {
	if (!noted++) print usable_names >(state "/.events")
	print what, name[i], fam, text, address_of(facts[4]), address_of(facts[6]), \
		gateway_of(facts[4]), gateway_of(facts[6]), mark[i], table[i], bypass[fam == "" ? 4 : fam] >(state "/.events")
}

function address_of(text) { sub(/ .*/, "", text); return text }
function gateway_of(text) { sub(/.* /, "", text); return text == "-" ? "" : text }
