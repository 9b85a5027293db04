# events.sh: tells the executables in /etc/multilink/event.d what became of the links. In: from decide.awk what is news
# (.events), and what .told is to say once that is announced. Out: .told; a file of events in .queue, and run-events in
# the background, which is never waited for. Without an executable there is no event and no process.
#
# .told holds what was announced, a line each: "up LINK" and, for each family it is usable in, "FAMILY LINK ADDRESS
# GATEWAY" ("-" without a gateway). So an event is told once, whoever notices it and however often.

event_folder=/etc/multilink/event.d
event_queue=$state/.queue

# announce: called at the end of reconcile, under the lock, once the kernel took it all. Events are made only now, and
# only if somebody listens: those of many links are a long text.
announce() {
	[ -n "$telling" ] || return 0
	# Queued before it is noted: killed between, the next run tells it again, rather than nobody ever.
	[ ! -s $state/.events ] || ! has_listeners || queue_events
	telling=${telling#"told$newline"}
	write $state/.told "${telling%"$newline"}"
}

# What run-parts would run: executables with a name of these characters.
has_listeners() {
	for program in "$event_folder"/*; do
		case ${program##*/} in
		*[!A-Za-z0-9_-]*) continue ;;
		esac
		[ ! -f "$program" ] || [ ! -x "$program" ] || return 0
	done
	return 1
}

# A file a run, numbered above all that wait, so that names in order are events in order; of the same length, and
# without a leading 0, which would make them octal.
queue_events() {
	[ -d $event_queue ] || mkdir -p $event_queue
	number=100000000
	for waiting in "$event_queue"/[0-9]*; do
		[ ! -e "$waiting" ] || number=${waiting##*/}
	done
	awk -f $lib/events.awk $state/.events >$state/.new
	mv $state/.new $event_queue/$((number + 1))
	# One that finds another at work leaves it to that.
	run_apart $lib/run-events
}
