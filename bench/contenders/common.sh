# shellcheck shell=sh
# common.sh: what the contenders' scripts share. Each runs as root in the box, once, when the links are up and have
# addresses, and main has a default route over the first. In: /run/bench/links, a line each, "name address length
# gateway weight"; the LAN is on eth2. Sourced.

links=/run/bench/links
lan=eth2 # the scripts use it

# quoted: the links' names, as nft and the like want a list
quoted() { awk '{ printf "%s\"%s\"", (NR > 1 ? ", " : ""), $1 }' "$links"; }

# firewall LINKS: the stateful firewall that every contender without one of its own has, over these links.
firewall() {
  nft -f - <<-END
	table inet firewall {
	  chain input {
	    type filter hook input priority filter; policy drop;
	    ct state vmap { established : accept, related : accept, invalid : drop }
	    iifname { "lo", "$lan" } accept
	    meta l4proto { icmp, icmpv6 } accept
	  }
	  chain forward {
	    type filter hook forward priority filter; policy drop;
	    ct state vmap { established : accept, related : accept, invalid : drop }
	    iifname "$lan" oifname { $1 } accept
	  }
	}
	END
}

# masquerade LINKS: what leaves by one of them gets its address
masquerade() {
  nft -f - <<-END
	table ip translation {
	  chain leaving {
	    type nat hook postrouting priority srcnat;
	    oifname { $1 } masquerade
	  }
	}
	END
}

# mark_tables: a table for each link after the first, which mark 1 leads to, mark 2, and so on
mark_tables() {
  awk 'NR > 1 {
    print "route add default via", $4, "dev", $1, "table", NR
    print "rule add fwmark", NR - 1, "lookup", NR
  }' "$links" | ip -batch -
}
