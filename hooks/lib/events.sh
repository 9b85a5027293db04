# events.sh: tells the executables in /etc/multilink/event.d what became of the links. In: what the kernel was told
# (.in4, .out6 and so on), and what was announced before (.told). Out: a file of events in .queue, and run-events in the
# background, which is never waited for. Without an executable there is no event and no process.
#
# .told holds what was announced, a line each: "up LINK" and, for each family it is usable in, "FAMILY LINK ADDRESS
# GATEWAY" ("-" without a gateway). So an event is told once, whoever notices it and however often.

event_folder=/etc/multilink/event.d
event_queue=$state/.queue

# announce: called at the end of reconcile, under the lock, once the kernel took it all.
announce() {
	told=
	[ ! -e $state/.told ] || while read -r line; do
		told="$told${line:+$line$newline}"
	done <$state/.told
	telling=
	events=
	list_usable
	while read -r name mark table _; do
		[ -z "$name" ] || announce_link
	done <<-EOF
		$links
	EOF
	announce_leavers
	[ "$telling" != "$told" ] || return 0
	# Queued before it is noted: killed between, the next run tells it again, rather than nobody ever.
	[ -z "$events" ] || ! has_listeners || queue_events
	write $state/.told "${telling%"$newline"}"
}

# Sets usable_names: the links that are usable in any family, in order of preference.
list_usable() {
	usable_names=
	while read -r name _; do
		[ -n "$name" ] || continue
		[ ! -e "$state/.in4/$name" ] && [ ! -e "$state/.in6/$name" ] ||
			usable_names="$usable_names${usable_names:+ }$name"
	done <<-EOF
		$links
	EOF
}

# In the order in which a link goes and comes.
announce_link() {
	tell_family 4
	event4=$event address4=$address gateway4=$gateway reason4=$reason
	tell_family 6
	event6=$event address6=$address gateway6=$gateway reason6=$reason
	case $newline$told in
	*"${newline}up $name$newline"*) was_up=1 ;;
	*) was_up=0 ;;
	esac
	is_up=0
	if [ ! -e "$state/.down/$name" ] && flags_of "$name"; then
		is_up=1
		telling="${telling}up $name$newline"
	fi
	[ "$event4" != lost ] || add_event lost 4 "$reason4"
	[ "$event6" != lost ] || add_event lost 6 "$reason6"
	[ $is_up -ge $was_up ] || add_event down '' "$reason4"
	[ $is_up -le $was_up ] || add_event up '' ''
	[ "$event4" != usable ] || add_event usable 4 ''
	[ "$event6" != usable ] || add_event usable 6 ''
}

# tell_family FAMILY: sets event for the link $name: usable (also when its address or gateway changed while it was
# so), lost (and reason), or nothing; and its address and gateway, of a lost link those it had: who takes a name out of
# the DNS needs them.
tell_family() {
	event=
	reason=
	last_told "$1" "$name"
	addresses_of "$name" "$1"
	if [ -e "$state/.in$1/$name" ]; then
		gateway_in_use "$1"
		facts="${addresses%% *} $gateway"
		telling="$telling$1 $name $facts$newline"
		[ "$facts" = "$last" ] || event=usable
	else
		facts="${addresses%% *} -"
		[ ! -e "$state/.out$1/$name" ] || read -r reason <"$state/.out$1/$name" || :
		if [ -n "$last" ]; then
			is_link_of "$name" "$1" || reason='its IPv6 is off in multilink.conf'
			facts=$last
			event=lost
		fi
	fi
	read_facts
}

# From facts, "ADDRESS GATEWAY", to address and gateway.
read_facts() {
	address=${facts% *}
	gateway=${facts##* }
	gateway=${gateway#-}
}

# last_told FAMILY LINK: sets last to "ADDRESS GATEWAY" if it was announced as usable, else to nothing.
last_told() {
	last=
	case $newline$told in
	*"$newline$1 $2 "*) ;;
	*) return 0 ;;
	esac
	last=$newline$told
	last=${last#*"$newline$1 $2 "}
	last=${last%%"$newline"*}
}

# gateway_in_use FAMILY: sets gateway to that of the default route of the table $table, "-" if it has none.
gateway_in_use() {
	case $1 in
	4) gateway=$routes4 ;;
	6) gateway=$routes6 ;;
	esac
	gateway=${gateway%%" dev $name table $table "*}
	gateway=${gateway##*"$newline"}
	gateway=${gateway#default}
	gateway=${gateway# via }
	gateway=${gateway:--}
}

# Links that were usable and are in the config no more.
announce_leavers() {
	while read -r family name facts; do
		case $family in
		4 | 6) ! is_link "$name" || continue ;;
		*) continue ;;
		esac
		mark='' table='' address4='' gateway4='' address6='' gateway6=''
		read_facts
		case $family in
		4) address4=$address gateway4=$gateway ;;
		6) address6=$address gateway6=$gateway ;;
		esac
		add_event lost "$family" 'it is in multilink.conf no more'
	done <<-EOF
		$told
	EOF
}

# add_event EVENT FAMILY REASON: of the link $name. Variables a line each, and an empty line.
add_event() {
	case $bypass_to in
	*"ipv${2:-4} : goto use_"*)
		default=${bypass_to#*"ipv${2:-4} : goto use_"}
		default=${default%%,*}
		;;
	*) default= ;;
	esac
	events="${events}MULTILINK_EVENT=$1
MULTILINK_LINK=$name
MULTILINK_FAMILY=$2
MULTILINK_REASON=$3
MULTILINK_ADDRESS=$address4
MULTILINK_ADDRESS6=$address6
MULTILINK_GATEWAY=$gateway4
MULTILINK_GATEWAY6=$gateway6
MULTILINK_MARK=$mark
MULTILINK_TABLE=$table
MULTILINK_DEFAULT=$default
MULTILINK_USABLE=$usable_names

"
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
	write $event_queue/$((number + 1)) "$events"
	start_runner
}

# In a session of its own, and holding nothing of its caller's open: not the lock, not the pipe that somebody reads
# ifup's output from. systemd ends all that an interface's ifup@ service left when it stops: there it is a unit of its
# own. One that finds another at work leaves it to that.
start_runner() {
	{
		if [ ! -d /run/systemd/system ] || ! timeout 5 systemd-run --quiet --no-block --collect $lib/run-events; then
			setsid $lib/run-events &
		fi
	} </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}
