/* SPDX-License-Identifier: MIT */
/*
 * lighttpd's configuration for `tonearm serve`, made from the conf-examples/lighttpd.conf that everybody is told to
 * use: its @PLACES@ are filled in, its server.username lines left out (it runs as whoever serves), and socket
 * activation is switched on, so that it takes the listening socket that is already ours and no port can be lost to
 * another process. Pure.
 */
#ifndef TONEARM_CLI_LIGHTTPD_H
#define TONEARM_CLI_LIGHTTPD_H

#include "base/buf.h"
#include "base/err.h"

struct lighttpd_places {
	const char *address;
	unsigned port;
	const char *data, *run, *www; /* absolute paths */
};

/*
 * Appends TEMPLATE to OUT with PLACES filled in. ERR_BAD_REQUEST when a path holds a character that the configuration
 * language gives a meaning to, ERR_INTERNAL when the template has a place that is not known here.
 */
enum err lighttpd_conf(
	const char *template, const struct lighttpd_places *places, struct buf *out, struct err_info *info);

#endif
