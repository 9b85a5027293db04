# What is leased by dhcpcd's lease files, for adopt.awk: each is the server's message as it came.
# In: part=dhcpcd: for each file a line "lease FAMILY LINK", then its bytes as decimal numbers. Strings stay numbers, so
#     nothing a server sent can pass for anything else. A message that is cut short anywhere is none.

part == "dhcpcd" && $1 == "lease" { take_message(); source = $2; link = $3; size = 0; next }
part == "dhcpcd" { for (i = 1; i <= NF; i++) byte[size++] = $i + 0; next }

END { take_message() }

function take_message() {
	split("", option)
	if (source == 4) take_dhcp()
	if (source == 6) take_dhcpv6()
}

# RFC 2131: at 16 the address, at 236 the number that says that options follow. RFC 2132: where option 52 says so, they
# go on in the fields of the file's name (1), the server's name (2) or both (3).
function take_dhcp(    overload) {
	if (size < 240 || numbers(236, 240) != " 99 130 83 99") return
	if (!read_options(240, size)) return
	overload = option[52] + 0
	if (overload % 2 && !read_options(108, 236)) return
	if (int(overload / 2) % 2 && !read_options(44, 108)) return
	adopt(4, link, quads(numbers(16, 20)), option[121] == "" ? quads(option[3]) : default_router(option[121]),
		quads(option[54]), quads(option[6]))
}

# What comes more than once is one value, RFC 3396. 0 fills, 255 is the end.
function read_options(at, end,    code, span) {
	while (at < end && byte[at] != 255) {
		code = byte[at++]
		if (code == 0) continue
		if (at >= end || (span = byte[at++]) > end - at) return 0
		option[code] = option[code] numbers(at, at + span)
		at += span
	}
	return 1
}

# RFC 8415, RFC 3646: option 23 of the message is resolvers; options 3 and 4 have addresses in them, as options 5.
function take_dhcpv6(    addresses, count, i) {
	if (size < 4 || !read_options6(4, size, 1)) return
	count = split(option["address"], addresses, " ")
	for (i = 1; i <= count; i++) adopt(6, link, addresses[i], "", "", option["resolvers"])
}

function read_options6(at, end, is_message,    code, span, after) {
	for (; at < end; at = after) {
		if (at + 4 > end) return 0
		code = byte[at] * 256 + byte[at + 1]
		span = byte[at + 2] * 256 + byte[at + 3]
		at += 4
		if ((after = at + span) > end) return 0
		if (is_message && code == 3 && !read_options6(at + 12, after)) return 0
		if (is_message && code == 4 && !read_options6(at + 4, after)) return 0
		if (is_message && code == 23) for (; at + 16 <= after; at += 16) option["resolvers"] = option["resolvers"] " " hex(at)
		if (!is_message && code == 5 && span >= 16) option["address"] = option["address"] " " hex(at)
	}
	return 1
}

function numbers(at, end,    text) {
	for (; at < end; at++) text = text " " byte[at]
	return text
}

# IPv4 addresses of a list of bytes.
function quads(bytes,    list, count, i, text) {
	count = split(bytes, list, " ")
	for (i = 1; i + 3 <= count; i += 4)
		text = text (text == "" ? "" : " ") list[i] "." list[i + 1] "." list[i + 2] "." list[i + 3]
	return text
}

# The IPv6 address that begins there, all eight groups of it.
function hex(at,    i, text) {
	for (i = 0; i < 16; i += 2) text = text (i ? ":" : "") sprintf("%x", byte[at + i] * 256 + byte[at + i + 1])
	return text
}
