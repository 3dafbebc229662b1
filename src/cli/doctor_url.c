/* SPDX-License-Identifier: MIT */
/*
 * `tonearm doctor --url`: what the web server in front of a live site does. A file is put among the media for a moment
 * and asked for by each way of delivery; a body that pauses and answers that come in drops show what is held back and
 * what is refused.
 */
#include "cli/doctor.h"

#include "auth/jwt.h"
#include "auth/scope.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/id.h"
#include "cli/probe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FILE_BYTES = 128 * 1024,
	RANDOM_BYTES = 16,
	TOKEN_S = 600,
	ANSWER_MS = 30000,
	PAUSE_MS = 1000,
	PAUSING_BYTES = 256 * 1024,
	REAL_MOST = 8 << 20,
	REFUSAL_MS = 3000,
	DROPS = 5,
	DROP_MS = 400
};

struct visit {
	struct doctor *doctor;
	struct probe probe;
	char *bytes;      /* of the file; owned */
	const char *file; /* its path */
	const char *best; /* way of delivery that works, by preference */
	const char *told; /* by the web server, NULL: nothing */
};

static enum err make_token(struct visit *visit, struct err_info *info)
{
	const struct cli *cli = visit->doctor->cli;
	const struct jwt_policy policy = {.issuer = cli->conf->jwt_issuer, .audience = cli->conf->jwt_audience};
	struct jwt_claims claims = {.subject = "doctor", .scope = SCOPE_SITE_PROBE, .id = "", .issued = clock_seconds(NULL)};
	struct jwt_key *key;
	char *token;
	enum err err = jwt_key_new(cli->conf->jwt_secret, &key, info);

	if (err != ERR_OK)
		return err;
	claims.expires = claims.issued + TOKEN_S;
	err = jwt_sign(key, &claims, &policy, visit->probe.arena, &token, info);
	jwt_key_free(key);
	if (err == ERR_OK)
		visit->probe.token = token;
	return err;
}

/* As its renditions are: whoever may read these may read this. */
static enum err put_file(struct visit *visit, struct err_info *info)
{
	visit->bytes = malloc(FILE_BYTES + 1);
	if (visit->bytes == NULL)
		abort();
	for (size_t at = 0; at < FILE_BYTES; at += 2 * RANDOM_BYTES)
		id_random_hex(RANDOM_BYTES, visit->bytes + at);
	visit->file = conf_data_path(visit->doctor->cli->conf, visit->probe.arena, "media/probe.bin");
	return fs_write_file(visit->file, visit->bytes, FILE_BYTES, 0640, info);
}

static bool check_site(struct visit *visit)
{
	struct probe_answer answer;
	struct err_info info = {0};
	enum err err = probe_ask(
		&visit->probe, &(struct probe_request){.path = "/healthz", .timeout_ms = ANSWER_MS}, &answer, &info);
	bool ours = err == ERR_OK && answer.status == 200 && strstr(buf_text(&answer.body), "\"status\"") != NULL;

	if (err != ERR_OK)
		doctor_say(visit->doctor, DOCTOR_FAIL, "site", NULL, "%s", info.detail);
	else if (!ours)
		doctor_say(visit->doctor, DOCTOR_FAIL, "site", "is the address that of the site, with its folder?",
			"%s/healthz is not Tonearm's: status %ld", visit->probe.site, answer.status);
	else
		doctor_say(visit->doctor, DOCTOR_OK, "site", NULL, "%s answers", visit->probe.site);
	buf_free(&answer.body);
	return ours;
}

/* Whether ADDRESS brings the bytes from FIRST to LAST, by RANGE (NULL: all) with STATUS. */
static bool brings(struct visit *visit, const char *address, const char *range, long status, size_t first, size_t last)
{
	const struct probe_request request = {
		.path = address,
		.range = range,
		.timeout_ms = ANSWER_MS,
	};
	struct probe_answer answer;
	bool good = probe_ask(&visit->probe, &request, &answer, NULL) == ERR_OK && answer.whole &&
		    answer.status == status && answer.body.length == last - first + 1 &&
		    memcmp(answer.body.data, visit->bytes + first, answer.body.length) == 0;

	buf_free(&answer.body);
	return good;
}

/* The ways by preference. A slice is what the probe of stream.fcgi takes for one. */
static const struct way {
	const char *mode, *name;
	bool slices;
} ways[] = {
	{"xaccel", "X-Accel-Redirect", false},
	{"lighttpd", "X-Sendfile2", true},
	{"xsendfile", "X-Sendfile", false},
	{"direct", "direct", false},
};

static void check_way(struct visit *visit, const struct way *way)
{
	const char *address = arena_printf(visit->probe.arena, "/stream/probe/%s", way->mode);
	const char *slice = arena_printf(visit->probe.arena, "%s?slice", address);
	bool whole = brings(visit, address, NULL, 200, 0, FILE_BYTES - 1);
	bool range = whole && brings(visit, address, "1000-1999", 206, 1000, 1999);
	bool must = strcmp(way->mode, "direct") == 0;

	if (way->slices)
		whole = range = range && brings(visit, slice, NULL, 200, 1000, 1999) &&
				brings(visit, slice, "10-19", 206, 1010, 1019);
	if (range && visit->best == NULL)
		visit->best = way->mode;
	doctor_say(visit->doctor, range || !must ? DOCTOR_OK : DOCTOR_FAIL, way->name, NULL, "%s",
		range   ? "works, with ranges"
		: whole ? "works, but without ranges: not to be used"
			: "is not to be had here");
}

/* The member NAME of the answer's JSON. A new reference, or NULL. */
static json_t *member(const struct probe_answer *answer, const char *name)
{
	json_t *document = json_loadb(answer->body.data, answer->body.length, 0, NULL);
	json_t *value = json_incref(json_object_get(document, name));

	json_decref(document);
	return value;
}

static void check_uploads(struct visit *visit)
{
	const struct probe_request request = {.path = "/internal/probe/body", .body = PAUSING_BYTES, .sent = PAUSING_BYTES,
		.pause_ms = PAUSE_MS, .timeout_ms = ANSWER_MS};
	struct probe_answer answer;
	bool good = probe_ask(&visit->probe, &request, &answer, NULL) == ERR_OK && answer.whole && answer.status == 200;

	if (!good) {
		doctor_say(visit->doctor, DOCTOR_FAIL, "uploads",
			answer.status == 401 ? "does the web server pass Authorization on (CGIPassAuth On)?" : NULL,
			"256 KiB do not get through: status %ld", answer.status);
	} else {
		json_t *ms = member(&answer, "ms"), *told = member(&answer, "delivery");

		if (json_is_string(told))
			visit->told = arena_strdup(visit->probe.arena, json_string_value(told));
		doctor_say(visit->doctor, DOCTOR_OK, "uploads", NULL, "%s",
			json_integer_value(ms) >= PAUSE_MS / 2
				? "reach Tonearm as they come"
				: "are taken in whole by the web server before Tonearm hears of them");
		json_decref(ms);
		json_decref(told);
	}
	buf_free(&answer.body);
}

/* Says of BYTES that were announced, and SENT, what became of them. False when they were refused. */
static bool takes_body(struct visit *visit, int64_t bytes, int64_t sent)
{
	const struct probe_request request = {.path = "/internal/probe/body", .body = bytes, .sent = sent,
		.timeout_ms = sent < bytes ? REFUSAL_MS : ANSWER_MS};
	struct probe_answer answer;
	bool taken = probe_ask(&visit->probe, &request, &answer, NULL) == ERR_OK &&
		     (sent < bytes ? answer.status == 0 || answer.status == 200 : answer.whole && answer.status == 200);

	if (!taken)
		doctor_say(visit->doctor, DOCTOR_FAIL, "upload size",
			"raise the web server's limit of request bodies, or lower limits.upload_size",
			"a body of %" PRId64 " KiB is refused: status %ld", bytes / 1024, answer.status);
	buf_free(&answer.body);
	return taken;
}

/* As much as may be uploaded is announced, and a part of it is sent: some servers look only at what has come. */
static void check_size(struct visit *visit)
{
	int64_t most = visit->doctor->cli->conf->upload_size;
	int64_t real = most < REAL_MOST ? most : REAL_MOST;

	if (takes_body(visit, real, real) && (real == most || takes_body(visit, most, 1)))
		doctor_say(visit->doctor, DOCTOR_OK, "upload size", NULL,
			"%" PRId64 " KiB get through, and %" PRId64 " KiB may be announced", real / 1024, most / 1024);
}

static void check_events(struct visit *visit)
{
	const struct probe_request request = {
		.path = arena_printf(visit->probe.arena, "/internal/probe/drip?count=%d&ms=%d", DROPS, DROP_MS),
		.timeout_ms = ANSWER_MS,
	};
	struct probe_answer answer;

	if (probe_ask(&visit->probe, &request, &answer, NULL) != ERR_OK || !answer.whole || answer.status != 200)
		doctor_say(visit->doctor, DOCTOR_FAIL, "events", NULL, "do not get through: status %ld", answer.status);
	else if (answer.spread_ms < DROP_MS * (DROPS - 1) / 2)
		doctor_say(visit->doctor, DOCTOR_WARN, "events", "turn off the buffering of answers; the page polls until then",
			"are held back until the answer ends");
	else
		doctor_say(visit->doctor, DOCTOR_OK, "events", NULL, "come as they are sent");
	buf_free(&answer.body);
}

/* A stream of events is silent for a beat at the longest. */
static void check_silence(struct visit *visit)
{
	int64_t beat_s = visit->doctor->cli->conf->event_beat_s;
	const struct probe_request request = {
		.path = arena_printf(visit->probe.arena, "/internal/probe/drip?count=1&ms=%" PRId64,
			(beat_s < 59 ? beat_s : 59) * 1000 + 500),
		.timeout_ms = ANSWER_MS + (long)beat_s * 1000,
	};
	struct probe_answer answer;

	if (probe_ask(&visit->probe, &request, &answer, NULL) == ERR_OK && answer.whole && answer.status == 200)
		doctor_say(visit->doctor, DOCTOR_OK, "silence", NULL, "of %" PRId64 " s is borne", beat_s);
	else
		doctor_say(visit->doctor, DOCTOR_FAIL, "silence",
			"raise the web server's time limit for answers, or lower http.event_beat_s",
			"of %" PRId64 " s ends an answer: status %ld", beat_s, answer.status);
	buf_free(&answer.body);
}

static enum err conclude(struct visit *visit, bool write, struct err_info *info)
{
	struct doctor *doctor = visit->doctor;
	const struct conf *conf = doctor->cli->conf;
	struct arena *arena = visit->probe.arena;
	enum err err = ERR_OK;

	if (visit->best == NULL)
		return ERR_OK;
	if (visit->told != NULL && strcmp(visit->told, visit->best) == 0)
		doctor_say(doctor, DOCTOR_OK, "delivery", NULL, "%s is best, and what the web server asks for", visit->best);
	else if (visit->told != NULL)
		doctor_say(doctor, DOCTOR_WARN, "delivery",
			arena_printf(arena, "set TONEARM_DELIVERY to %s in its configuration, or leave it out", visit->best),
			"%s is best, but the web server asks for %s", visit->best, visit->told);
	else if (strcmp(conf->delivery, visit->best) == 0)
		doctor_say(doctor, DOCTOR_OK, "delivery", NULL, "%s is best, and configured", visit->best);
	else if (!write)
		doctor_say(doctor, DOCTOR_WARN, "delivery",
			arena_printf(arena, "--write would set http.delivery = \"%s\"", visit->best),
			"%s is best, %s is configured", visit->best, conf->delivery);
	else if ((err = conf_set(conf->path, "http", "delivery", visit->best, info)) == ERR_OK)
		doctor_say(doctor, DOCTOR_OK, "delivery", "restart the responders, unless they are CGI programs",
			"set to %s in %s", visit->best, conf->path);
	return err;
}

static void look_round(struct visit *visit)
{
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		check_way(visit, &ways[i]);
	check_uploads(visit);
	check_size(visit);
	check_events(visit);
	check_silence(visit);
}

enum err doctor_url(struct doctor *doctor, const char *url, bool write, struct err_info *info)
{
	struct arena *arena = &doctor->cli->arena;
	size_t length = strlen(url);
	struct visit visit = {.doctor = doctor, .probe = {.arena = arena}};
	enum err err;

	while (length > 0 && url[length - 1] == '/')
		length--;
	visit.probe.site = arena_memdup(arena, url, length);
	err = make_token(&visit, info);
	if (err != ERR_OK || !check_site(&visit))
		return err;
	err = put_file(&visit, info);
	if (err == ERR_OK) {
		look_round(&visit);
		err = conclude(&visit, write, info);
	}
	unlink(visit.file);
	free(visit.bytes);
	return err;
}
