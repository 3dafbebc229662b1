/* SPDX-License-Identifier: MIT */
/*
 * A folder of this machine behind storage.h: the object "a/b" is the file a/b below it, written under another name and
 * renamed, so that it is there whole or not at all. Content types, cache control and tags are not kept; ETags tell one
 * state of a file from another. Keys are what names of files may be: no empty segment, none "." or "..", none longer
 * than 255 bytes, and none that begins with ".uploads/", where parts wait. Presigned URLs are ERR_UNSUPPORTED.
 */
#ifndef TONEARM_STORAGE_LOCAL_H
#define TONEARM_STORAGE_LOCAL_H

#include "base/err.h"
#include "storage/storage.h"

/* How long a file may be without another byte before it counts as left behind by a writer that died. */
enum { LOCAL_DRAFT_AGE_S = 86400 };

/* FOLDER is copied, and made when it is missing; what was left behind in it goes. ERR_IO. */
enum err local_open(const char *folder, struct storage **out, struct err_info *info);

#endif
