# Judges one link from its probes, and keeps its records.
# In:  lines of `fping -l` ("TARGET : [N], 64 bytes, MS ms (…)", "TARGET : [N], timed out (…)"), lines "command STATUS"
#      of check-command.sh, and of ticker.sh a line "ticker PID", then "beat" each `beat` seconds, so that silence is
#      noticed.
#      -v uptime=/proc/uptime, proc(5), whose first word is the time since the boot in seconds, suspended or not.
#      -v beat, link, state (/run/multilink), changed (what to run when a verdict changes), targets4, targets6 (words;
#      empty: none are configured, the family follows the other; "-": nothing to probe now, its record is left alone),
#      and interval, timeout (s), down_after, up_after (rounds), quorum (targets), max_loss (%), max_rtt (ms; "-" for
#      none)
# Out: STATE/.health4/LINK and .health6/LINK by rename when a verdict or its reason changes; STATE/.probes4/LINK and
#      .probes6/LINK, "loss=PERCENT rtt=MS", at each beat and in place: no process is started for those. Exit status 3:
#      the probes are to be started anew, because they have been silent for long (an interface that was made anew has
#      another index) or because the date was set: fping 5.1 goes by it. Forward, it sends without a pause all that it
#      thinks to have missed, and waits for no answer; back, it sends nothing until the date is again what it was.
#
# max_loss: of the last `window` probes, n (at least `enough`), p is allowed: a link that is just good enough loses n p
# of them with a standard error of s = sqrt(n p (1 - p)). Out above n p + 3 s, in again at n p - 1.5 s or less of a full
# window. For max_loss = 10 that is 20 of 100 (8 of 30) and 5 of 100. Simulated over 100 hours of 4 probes a second: a
# link that loses 5% was never out; one that loses 20% went out after 64 probes (median; 95%: 213) and was in for 0.02%
# of the time. With 2 s and n p it would have come back 438 times.

BEGIN {
	window = 100
	enough = 30
	if (link == "") exit
	add_targets(4, targets4)
	add_targets(6, targets6)
	source[4] = source_of(targets4, targets6, 4)
	source[6] = source_of(targets6, targets4, 6)
	# A round whose lines are all in is judged at once; one that misses some (a send that failed gives no line) when
	# this many younger ones have begun.
	behind = int(timeout / interval) + 2
	# Without any line for so many seconds, no probe was even sent; then, that much later, fping is started anew.
	silence = int(timeout + interval) + 2
	patience = silence + 10
	for (f = 4; f <= 6; f += 2) read_record(f)
	record(0)
	read_clocks()
}

function add_targets(f, words,    i, n, word) {
	if (words == "-") return
	n = split(words, word, " ")
	for (i = 1; i <= n; i++) { target[f, i] = word[i]; family[word[i]] = f }
	count[f] = n
	need[f] = quorum < n ? quorum : n
	names[f] = words
}

# The family whose probes speak for family f: its own, the other's, 0 (the command alone), or none.
function source_of(own, other, f) {
	if (own == "-") return ""
	if (own != "") return f
	return other == "" || other == "-" ? 0 : 10 - f
}

# What was last said holds until the probes say otherwise: starting anew takes no good link out and lets no bad one in.
function read_record(f,    s, line) {
	s = source[f]
	if (s == "" || (getline line < file("health", f)) <= 0) return
	close(file("health", f))
	told[f] = line
	if (line !~ /^down/) return
	if (s == 0) { command_down = 1; command_why = substr(line, 6) }
	else if (s == f) { down[f] = 1; why[f] = substr(line, 6) }
}

function file(kind, f) { return state "/." kind f "/" link }

# A probe of round n was answered after rtt ms, or not (rtt is "").
function probed(t, n, rtt,    f) {
	f = family[t]
	silent[f] = -beat / 2 # between two beats
	if (!(f in due)) due[f] = n
	# An answer after its time was up.
	if (n < due[f] || (t, n) in seen) return
	while (due[f] < n - behind) close_round(f, due[f]++)
	seen[t, n] = 1
	remember(f, rtt)
	if (rtt != "") answers[f, n]++; else losses[f, n]++
	if (!((f, n) in judged)) {
		if (answers[f, n] >= need[f]) { judged[f, n] = 1; good(f) }
		else if (count[f] - losses[f, n] < need[f]) { judged[f, n] = 1; bad(f, 1, "") }
	}
	judge_loss(f)
	judge_rtt(f)
}

# Of a round in which nothing could be sent at all, nothing is said here: `tick` notices if it lasts.
function close_round(f, n,    i, t) {
	if (answers[f, n] + losses[f, n] > 0) {
		for (i = 1; i <= count[f]; i++) if (!((target[f, i], n) in seen)) remember(f, "")
		if (!((f, n) in judged)) bad(f, 1, "")
	}
	for (i = 1; i <= count[f]; i++) { t = target[f, i]; delete seen[t, n] }
	delete answers[f, n]; delete losses[f, n]; delete judged[f, n]
}

function good(f) {
	bad_run[f] = 0
	if (!down[f] || ++good_run[f] < up_after) return
	down[f] = 0
	# The outage is over and was paid for; but a link that was out for its loss must first show a full window.
	if (!lossy[f] && !slow[f]) { held[f] = 0; next_probe[f] = 0; lost[f] = 0; sum[f] = 0 }
}

function bad(f, rounds, cause) {
	good_run[f] = 0
	bad_run[f] += rounds
	if (down[f] || bad_run[f] < down_after) return
	down[f] = 1
	why[f] = cause != "" ? cause : (need[f] > 1 ? "fewer than " need[f] " answers" : "no answer") \
		" from " names[f] " for " (bad_run[f] * interval) " s"
}

# The window is a ring: rtts[f, i] is "" for a lost probe.
function remember(f, rtt,    i, old) {
	i = next_probe[f] + 0
	if (held[f] == window) {
		old = rtts[f, i]
		if (old == "") lost[f]--; else sum[f] -= old
	} else held[f]++
	rtts[f, i] = rtt
	if (rtt == "") lost[f]++; else sum[f] += rtt
	next_probe[f] = (i + 1) % window
}

function loss(f) { return held[f] ? 100 * lost[f] / held[f] : 0 }

function mean(f) { return held[f] > lost[f] ? sum[f] / (held[f] - lost[f]) : "" }

function judge_loss(f,    n, allowed, error) {
	n = held[f]
	if (max_loss == "-" || n < enough || down[f]) return
	allowed = n * max_loss / 100
	error = sqrt(allowed * (1 - max_loss / 100))
	if (!lossy[f] && lost[f] > allowed + 3 * error + 0.000001) {
		lossy[f] = 1
		lossy_why[f] = sprintf("loss %d%%, max_loss is %s", loss(f), max_loss)
	} else if (lossy[f] && n == window && lost[f] <= (allowed > 1.5 * error ? allowed - 1.5 * error : 0)) lossy[f] = 0
}

# In again below 90% of what is allowed, so that one at the limit does not come and go.
function judge_rtt(f,    ms) {
	ms = mean(f)
	if (max_rtt == "-" || held[f] < enough || down[f] || ms == "") return
	if (!slow[f] && ms > max_rtt) {
		slow[f] = 1
		slow_why[f] = sprintf("rtt %d ms, max_rtt is %s", ms, max_rtt)
	} else if (slow[f] && ms < 0.9 * max_rtt) slow[f] = 0
}

function ran_command(status) {
	if (status == 0) {
		command_bad = 0
		if (command_down && ++command_good >= up_after) command_down = 0
		return
	}
	command_good = 0
	if (++command_bad < down_after || command_down) return
	command_down = 1
	command_why = "check_command failed " command_bad " times, last with exit status " status
}

function verdict(f,    s) {
	s = source[f]
	if (down[s]) return "down " why[s]
	if (lossy[s]) return "down " lossy_why[s]
	if (slow[s]) return "down " slow_why[s]
	if (command_down) return "down " command_why
	return "up"
}

function figures(s,    ms) {
	ms = mean(s)
	return sprintf("loss=%.0f rtt=%s", loss(s), ms == "" ? "-" : sprintf("%.1f", ms))
}

# Both families' records first, then one call, if it matters to the balance: another reason alone does not. What cannot
# be put in its place is tried again with the next beat (where /run is full, mawk itself ends, and prober.sh starts
# another one); what cannot be made so (a lock that is held, an nft that refuses) some seconds later.
function record(call,    f, line, moves, matters, new) {
	if (unrecorded) return
	for (f = 4; f <= 6; f += 2) {
		if (source[f] == "" || (line = verdict(f)) == told[f]) continue
		if ((line == "up") != (told[f] == "up")) matters = 1
		new[f] = line
		print line "\n" figures(source[f]) > draft(f)
		close(draft(f))
		moves = moves (moves == "" ? "" : " && ") "mv '" draft(f) "' '" file("health", f) "'"
	}
	if (moves == "") return
	if (unrecorded = system(moves) != 0) return
	for (f in new) told[f] = new[f]
	if (call && matters) make_so()
}

# A hidden name: start_probers (health.sh) deletes what bears the name of no link.
function draft(f) { return state "/.probes" f "/." link }

# It may wait for the lock: for a while nothing is read then.
function make_so() { again = system(changed) == 0 ? 0 : 10; waited = 1 }

function tick(    f, line, overdue) {
	for (f = 4; f <= 6; f += 2) {
		if (!count[f]) continue
		if ((line = figures(f)) != shown[f]) { print shown[f] = line > file("probes", f); close(file("probes", f)) }
		if ((silent[f] += beat) <= silence) continue
		bad(f, interval < beat ? int(beat / interval) : 1, "no probe to " names[f] " could be sent" said)
		if (silent[f] > patience) overdue = 1
	}
	unrecorded = 0
	record(1)
	if (again > 0 && (again -= beat) <= 0) make_so()
	if (overdue) begin_anew()
}

# Sets up to the time since the boot, and booted to the second of 1970 and after that this machine was booted in, by the
# date as it is now.
function read_clocks(    line, words) {
	looked = systime()
	getline line < uptime
	close(uptime)
	split(line, words, " ")
	up = words[1]
	booted = looked - up
}

# The date is known in whole seconds only: two of difference are none; fping bears them. A second look, because this may
# have been held up between the two clocks. And if it was held up for long (a laptop asleep), all the probes were.
function time_leapt(    up_before, booted_before, leapt) {
	up_before = up
	booted_before = booted
	read_clocks()
	if (differ(booted, booted_before)) read_clocks()
	leapt = differ(booted, booted_before) || up - up_before > patience && !waited
	waited = 0
	return leapt
}

function differ(a, b) { return a - b > 2 || b - a > 2 }

# The ticker's end is that of the probes.
function begin_anew() {
	if (ticker) system("kill " ticker)
	# The next judge finds its verdict recorded, and cannot know that nobody acted on it.
	if (again > 0) system("[ ! -p " state "/.wake ] || echo retry 1<>" state "/.wake")
	exit 3
}

# Before a line is believed.
systime() != looked && time_leapt() { begin_anew() }

$1 == "ticker" { ticker = $2 + 0; next }
$1 == "beat" { tick(); next }
$1 == "command" { ran_command($2); record(1); next }
$2 == ":" && $3 ~ /^\[[0-9]+\],$/ {
	if ($1 in family) { probed($1, substr($3, 2) + 0, $5 == "bytes," ? $6 : ""); record(1); next }
}
# What else fping has to say (an interface it cannot bind to) is the cause if there is silence.
$0 != "" && !/^ICMP / { said = " (" $0 ")" }
