# Which slot belongs to which link, for the links that are usable now; for decide.awk.
# In:  method (nth, random or hash), seed (0x…), elements, the file to write
# Out: print_slots(LINES, FAMILY, MAP) writes nft commands that fill the map (slots or slots6) and make the rule of
#      chain `choose`; nothing if no link is usable. LINES: "NAME WEIGHT USABLE(0|1)" in order of preference; FAMILY: 4
#      or 6, empty for both (not for hash).
# The order of turns is that of src/plan/slots.ts: smooth weighted round-robin, 3:1 is a a b a.

function gcd(a, b) { return b == 0 ? a : gcd(b, a % b) }

# Fills order[0 … total-1] with indices of links for the weights in w; returns total.
function spread(w, order,    i, slot, total, divisor, chosen, gained, equal) {
	for (i = 1; i <= members; i++) divisor = gcd(divisor, w[i])
	if (divisor == 0) return 0
	for (i = 1; i <= members; i++) { total += w[i] / divisor; gained[i] = 0; equal += w[i] == divisor || w[i] == 0 }
	# One turn each: as they stand, without asking all of them for every slot.
	for (i = 1; equal == members && i <= members; i++) if (w[i]) order[slot++] = i
	if (slot) return total
	for (slot = 0; slot < total; slot++) {
		chosen = 1
		for (i = 1; i <= members; i++) {
			gained[i] += w[i] / divisor
			if (gained[i] > gained[chosen]) chosen = i
		}
		gained[chosen] -= total
		order[slot] = chosen
	}
	return total
}

# Weights of the usable links; if they all are 0, the first of them takes all.
function weigh(w,    i, sum, first) {
	for (i = members; i >= 1; i--) {
		w[i] = in_use[i] ? parts[i] : 0
		if (in_use[i]) first = i
		sum += w[i]
	}
	if (sum == 0 && first) w[first] = 1
}

# The next link in turn among those that are not in gone: each set of links that are gone has turns of its own.
function next_but(gone,    i, total, first, chosen, set) {
	for (i = members; i >= 1; i--) {
		if (i in gone) {
			set = set " " i
			continue
		}
		total += parts[i]
		first = i
	}
	if (total == 0) return first
	for (i = 1; i <= members; i++) {
		if (i in gone || parts[i] == 0) continue
		gained[set, i] += parts[i]
		if (!chosen || gained[set, i] > gained[set, chosen]) chosen = i
	}
	gained[set, chosen] -= total
	return chosen
}

# For hash: each slot in turn has an order of links of its own, dealt without regard to who is usable, and belongs to
# the first of them that is. So a link that goes gives away its own slots only, and gets the same ones back, whatever
# others are out.
function first_usable(    gone, owner) {
	while (!in_use[owner = next_but(gone)]) gone[owner] = 1
	return owner
}

function read_members(lines,    list, words, i) {
	members = split(lines, list, "\n") - 1
	for (i = 1; i <= members; i++) {
		split(list[i], words, " ")
		member[i] = words[1]; parts[i] = words[2]; in_use[i] = words[3]
	}
	split("", gained)
}

function print_slots(lines, family, map,    live, order, period, slots, slot, link, ip, pick, only, i) {
	read_members(lines)
	weigh(live)
	slots = spread(live, order)
	if (slots == 0) return

	if (method == "hash") {
		# At least 512, and a whole number of rounds of all links: the more slots, the nearer to proportion.
		period = spread(parts, order)
		if (period == 0) period = 1
		slots = period * int((512 + period - 1) / period)
		split("", gained)
		for (slot = 0; slot < slots; slot++) link[slot] = first_usable()
		ip = family == 6 ? "ip6" : "ip"
		pick[1] = sprintf("fib saddr type local jhash %s daddr mod %d seed %s vmap @%s", ip, slots, seed, map)
		pick[2] = sprintf("jhash %s saddr . %s daddr mod %d seed %s vmap @%s", ip, ip, slots, seed, map)
	} else {
		for (slot = 0; slot < slots; slot++) link[slot] = order[slot]
		pick[1] = sprintf("numgen %s mod %d vmap @%s", method == "random" ? "random" : "inc", slots, map)
	}

	printf "add element inet multilink %s { ", map >elements
	for (slot = 0; slot < slots; slot++)
		printf "%s%d : goto use_%s", slot ? ", " : "", slot, member[link[slot]] >elements
	print " }" >elements
	only = family ? "meta nfproto ipv" family " " : ""
	for (i = 1; i in pick; i++) print "add rule inet multilink choose " only pick[i] >elements
}
