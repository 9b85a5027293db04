# Which slot belongs to which link, for the links that are usable now.
# In:  lines "NAME WEIGHT USABLE(0|1)" in order of preference; -v method=nth|random|hash -v seed=0x…
#      -v family=4|6, empty for both (not for hash) -v map=slots|slots6
# Out: nft commands that fill the map and write the rule of chain `choose`; nothing if no link is usable.
# The order of turns is that of src/plan/slots.ts: smooth weighted round-robin, 3:1 is a a b a.

{ name[NR] = $1; weight[NR] = $2; usable[NR] = $3 }

function gcd(a, b) { return b == 0 ? a : gcd(b, a % b) }

# Fills order[0 … total-1] with indices of links for the weights in w; returns total.
function spread(w, order,    i, slot, total, divisor, chosen, gained) {
	for (i = 1; i <= NR; i++) divisor = gcd(divisor, w[i])
	if (divisor == 0) return 0
	for (i = 1; i <= NR; i++) { total += w[i] / divisor; gained[i] = 0 }
	for (slot = 0; slot < total; slot++) {
		chosen = 1
		for (i = 1; i <= NR; i++) {
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
	for (i = NR; i >= 1; i--) {
		w[i] = usable[i] ? weight[i] : 0
		if (usable[i]) first = i
		sum += w[i]
	}
	if (sum == 0 && first) w[first] = 1
}

# The next link in turn among those that are not in gone: each set of links that are gone has turns of its own.
function next_but(gone,    i, total, first, chosen, set) {
	for (i = NR; i >= 1; i--) {
		set = set (i in gone ? 1 : 0)
		if (i in gone) continue
		total += weight[i]
		first = i
	}
	if (total == 0) return first
	for (i = 1; i <= NR; i++) {
		if (i in gone || weight[i] == 0) continue
		gained[set, i] += weight[i]
		if (!chosen || gained[set, i] > gained[set, chosen]) chosen = i
	}
	gained[set, chosen] -= total
	return chosen
}

# For hash: each slot in turn has an order of links of its own, dealt without regard to who is usable, and belongs to
# the first of them that is. So a link that goes gives away its own slots only, and gets the same ones back, whatever
# others are out.
function first_usable(    gone, owner) {
	while (!usable[owner = next_but(gone)]) gone[owner] = 1
	return owner
}

END {
	weigh(live)
	width = spread(live, order)
	if (width == 0) exit

	if (method == "hash") {
		# At least 512, and a whole number of rounds of all links: the more slots, the nearer to proportion.
		period = spread(weight, order)
		if (period == 0) period = 1
		slots = period * int((512 + period - 1) / period)
		for (slot = 0; slot < slots; slot++) link[slot] = first_usable()
		ip = family == 6 ? "ip6" : "ip"
		pick[1] = sprintf("fib saddr type local jhash %s daddr mod %d seed %s vmap @%s", ip, slots, seed, map)
		pick[2] = sprintf("jhash %s saddr . %s daddr mod %d seed %s vmap @%s", ip, ip, slots, seed, map)
	} else {
		slots = width
		for (slot = 0; slot < slots; slot++) link[slot] = order[slot]
		pick[1] = sprintf("numgen %s mod %d vmap @%s", method == "random" ? "random" : "inc", slots, map)
	}

	only = family ? "meta nfproto ipv" family " " : ""
	printf "add element inet multilink %s { ", map
	for (slot = 0; slot < slots; slot++)
		printf "%s%d : goto choose_%s", slot ? ", " : "", slot, name[link[slot]]
	print " }"
	for (i = 1; i in pick; i++) print "add rule inet multilink choose " only pick[i]
}
