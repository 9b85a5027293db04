# What became of the links since it was last announced, for decide.awk.
# In:  what was decided, and .told (events.sh)
# Out: telling, what .told is to say; events, as run-events reads them

function read_told() {
	if ($0 == "") return
	was_told = was_told $0 "\n"
	told_count++
	told_line[told_count] = $0
	if ($1 == "up") was_up[$2]
	else told[$1, $2] = $3 " " $4
}

function announce(    i, lines) {
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
	if (event[4] == "lost") add_event("lost", 4, why[4], i)
	if (event[6] == "lost") add_event("lost", 6, why[6], i)
	if (!is_up && name[i] in was_up) add_event("down", "", why[4], i)
	if (is_up && !(name[i] in was_up)) add_event("up", "", "", i)
	if (event[4] == "usable") add_event("usable", 4, "", i)
	if (event[6] == "usable") add_event("usable", 6, "", i)
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
	add_event("lost", part_of[1], "it is in multilink.conf no more", 0)
}

# Variables a line each, and an empty line. Without a family: of IPv4.
function add_event(what, fam, text, i) {
	events = events "MULTILINK_EVENT=" what \
		"\nMULTILINK_LINK=" name[i] \
		"\nMULTILINK_FAMILY=" fam \
		"\nMULTILINK_REASON=" text \
		"\nMULTILINK_ADDRESS=" address_of(facts[4]) \
		"\nMULTILINK_ADDRESS6=" address_of(facts[6]) \
		"\nMULTILINK_GATEWAY=" gateway_of(facts[4]) \
		"\nMULTILINK_GATEWAY6=" gateway_of(facts[6]) \
		"\nMULTILINK_MARK=" mark[i] \
		"\nMULTILINK_TABLE=" table[i] \
		"\nMULTILINK_DEFAULT=" bypass[fam == "" ? 4 : fam] \
		"\nMULTILINK_USABLE=" usable_names "\n\n"
}

function address_of(text) { sub(/ .*/, "", text); return text }
function gateway_of(text) { sub(/.* /, "", text); return text == "-" ? "" : text }
