/* SPDX-License-Identifier: MIT */
/*
 * A site for a shared host: one folder below somebody's document root with a CGI script, an .htaccess, the page, and
 * the private part (configuration, library, programs), from what this installation has. Nothing in it names a place
 * outside of it, unless the private part is told to lie elsewhere: it can be copied to the host as it is.
 */
#ifndef TONEARM_CLI_CGI_SITE_H
#define TONEARM_CLI_CGI_SITE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

struct cgi_site {
	const char *folder;  /* of the script and the page */
	const char *private; /* NULL: FOLDER/private; else an absolute path */
};

/*
 * Lays SITE out, or, where it is laid out already, renews script, .htaccess, page and programs and leaves configuration
 * and library (*RENEWED tells). ERR_CONFLICT when the folder holds other things, ERR_BAD_REQUEST for a path that the
 * script cannot name, ERR_NOT_FOUND when this installation is not whole, ERR_IO. *CONF becomes the path of the
 * configuration, in ARENA.
 */
enum err cgi_site_make(const struct cgi_site *site, struct arena *arena, const char **conf, bool *renewed,
	struct err_info *info);

#endif
