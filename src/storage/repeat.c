/* SPDX-License-Identifier: MIT */
#include "storage/repeat.h"

#include "base/buf.h"

#include <inttypes.h>
#include <string.h>

enum { FINGERPRINTED_MOST = 1 << 20 };

/* With its length before it, so that no two lists of texts look the same. */
static void put(struct buf *buf, const char *text)
{
	if (text == NULL)
		buf_puts(buf, "-,");
	else
		buf_printf(buf, "%zu:%s,", strlen(text), text);
}

struct job_key repeat_key(const struct ingest *ingest, const char *what, const char *subject,
	const struct transcode_job *payload, struct arena *arena)
{
	struct job_key key = {.submitter = ingest->owner != NULL ? ingest->owner : "", .name = ingest->key};
	struct transcode_job wanted = *payload;
	struct buf buf;

	wanted.source = NULL;
	wanted.import = NULL;
	buf_init(&buf, FINGERPRINTED_MOST);
	put(&buf, what);
	put(&buf, subject);
	put(&buf, ingest->source_name);
	put(&buf, ingest->title);
	put(&buf, ingest->artist);
	put(&buf, ingest->album);
	put(&buf, track_visibility_name(ingest->visibility));
	put(&buf, transcode_job_encode(&wanted, arena));
	put(&buf, arena_printf(arena, "%" PRId64, ingest->priority));
	if (ingest->run_after_ms != 0)
		put(&buf, arena_printf(arena, "at %" PRId64, ingest->run_after_ms));
	if (ingest->places != NULL)
		put(&buf, arena_printf(arena, "in %s", ingest->places));
	for (size_t i = 0; i < ingest->after.count; i++)
		put(&buf, ingest->after.ids[i]);
	hash_sha256_hex(buf_text(&buf), buf.length, key.fingerprint);
	buf_free(&buf);
	return key;
}

enum err repeat_find(struct db *db, const struct job_key *key, int64_t now_ms, struct arena *arena, struct track *track,
	struct job *job, struct err_info *info)
{
	char id[ID_SIZE];
	enum err err = job_key_find(db, key, now_ms, id, info);

	if (err == ERR_OK)
		err = job_get(db, id, arena, job, info);
	if (err == ERR_OK && track != NULL) {
		err = track_get(db, job->track, arena, track, info);
		if (err == ERR_NOT_FOUND)
			err = err_set(info, ERR_CONFLICT, "what was made under this Idempotency-Key was deleted");
	}
	return err;
}
