# Which slot belongs to which link, for the links that are usable now.
# In:  lines "NAME WEIGHT USABLE(0|1)" in order of preference; -v method=nth|random|hash -v seed=0x…
# Out: nft commands that fill the map `slots` and write the rule of chain `choose`; nothing if no link is usable.
# The order of slots is that of src/plan/slots.ts: smooth weighted round-robin, 3:1 is a a b a.

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

# Weights of the links with usable[i] >= least; if they all are 0, the first of them takes all.
function weigh(least, w,    i, sum, first) {
	for (i = NR; i >= 1; i--) {
		w[i] = usable[i] >= least ? weight[i] : 0
		if (usable[i] >= least) first = i
		sum += w[i]
	}
	if (sum == 0 && first) w[first] = 1
}

END {
	weigh(1, live)
	width = spread(live, order)
	if (width == 0) exit

	if (method == "hash") {
		# At least 512 slots, dealt to all links, so that a pair of addresses finds its link again when it comes back;
		# those of links that are out are dealt to the others. The more slots, the nearer to proportion.
		weigh(0, all)
		period = spread(all, base)
		slots = period * int((512 + period - 1) / period)
		for (slot = 0; slot < slots; slot++) {
			owner = base[slot % period]
			if (!usable[owner] || !live[owner]) owner = order[dealt++ % width]
			link[slot] = owner
		}
		pick[1] = sprintf("fib saddr type local jhash ip daddr mod %d seed %s vmap @slots", slots, seed)
		pick[2] = sprintf("jhash ip saddr . ip daddr mod %d seed %s vmap @slots", slots, seed)
	} else {
		slots = width
		for (slot = 0; slot < slots; slot++) link[slot] = order[slot]
		pick[1] = sprintf("numgen %s mod %d vmap @slots", method == "random" ? "random" : "inc", slots)
	}

	printf "add element inet multilink slots { "
	for (slot = 0; slot < slots; slot++)
		printf "%s%d : goto choose_%s", slot ? ", " : "", slot, name[link[slot]]
	print " }"
	for (i = 1; i in pick; i++) print "add rule inet multilink choose " pick[i]
}
