# The resolvers that routers advertise now (RFC 8106), as dhcpcd passes them on.
# In:  in the environment, for router I and its option J: ndI_acquired and ndI_now, in seconds;
#      ndI_rdnssJ_servers, ndI_rdnssJ_lifetime in seconds from ndI_acquired
# Out: their addresses in one line, or nothing

function value(name) { return name in ENVIRON ? ENVIRON[name] : "" }

BEGIN {
	for (i = 1; value("nd" i "_acquired") != ""; i++) {
		age = value("nd" i "_now") - value("nd" i "_acquired")
		for (j = 1; value("nd" i "_rdnss" j "_lifetime") != ""; j++)
			if (value("nd" i "_rdnss" j "_lifetime") - age > 0) list = list " " value("nd" i "_rdnss" j "_servers")
	}
	if (list != "") print list
}
