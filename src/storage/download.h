/* SPDX-License-Identifier: MIT */
/*
 * A file from somebody's https address, which a client chose: nothing is connected to that source_url.h does not allow.
 * The host of the address and of each redirect is compared with the configuration, and the address that each name leads
 * to at the moment of connecting, so that a name that leads elsewhere the second time gains nothing. By no proxy; with
 * limits of time and of redirects; the sink bounds the size. Belongs to one thread.
 */
#ifndef TONEARM_STORAGE_DOWNLOAD_H
#define TONEARM_STORAGE_DOWNLOAD_H

#include "conf/conf.h"
#include "storage/storage.h"

#include <stdatomic.h>

enum { DOWNLOAD_REDIRECTS_MOST = 5 };

/*
 * The bytes of URL to SINK, as storage.h has it. When *STOP becomes true it ends with ERR_ABORTED within a second or
 * two. Besides what the sink says: ERR_FORBIDDEN (host, address or certificate is not one to trust, or the server
 * refuses), ERR_NOT_FOUND, ERR_UNPROCESSABLE (no https, a redirect too many, no file), ERR_TIMEOUT, ERR_BUSY, ERR_IO.
 */
enum err download(const struct conf *conf, const char *url, const atomic_bool *stop, storage_sink *sink, void *context,
	struct arena *arena, struct err_info *info);

#endif
