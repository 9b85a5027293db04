# The flowtable, for decide.awk; before observe.awk, which is done with each line.
# In:  part 1: `ip address show up`; flowtable, the file to write, empty: none
# Out: print_flowtable() writes nft commands that make it anew. It hooks every interface that is up, the LAN's and the
#      links', but lo, and ports: what comes in over a port comes in over its bridge or bond as well.

part == 1 && flowtable && $3 ~ /^</ && $3 !~ /[<,]LOOPBACK[,>]/ && !/ master / {
	hook = listed_name($2)
	if (is_name(hook)) {
		hooked = hooked (hooked == "" ? "" : ", ") "\"" hook "\""
		# One that was made anew under its old name is another, and not hooked.
		indices = indices " " $1
	}
}

function print_flowtable() {
	if (!flowtable) return
	print "# interfaces" indices >flowtable
	# Last in forward: what a firewall drops there never gets here.
	print "add chain inet multilink forward { type filter hook forward priority 250; }" >flowtable
	print "flush chain inet multilink forward\nflush chain inet multilink offloading" >flowtable
	print "add flowtable inet multilink offloaded { hook ingress priority filter + 10; }" >flowtable
	print "delete flowtable inet multilink offloaded" >flowtable
	# After the ingress filters that others may have; `counter`: conntrack goes on counting where it counts.
	print "add flowtable inet multilink offloaded { hook ingress priority filter + 10; " \
		(hooked == "" ? "" : "devices = { " hooked " }; ") "counter; }" >flowtable
	print "add rule inet multilink offloading flow add @offloaded" >flowtable
	print "add rule inet multilink forward goto offload_forwarded" >flowtable
	close(flowtable)
}
