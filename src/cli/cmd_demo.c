/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "auth/jwt.h"
#include "auth/scope.h"
#include "base/clock.h"
#include "base/fs.h"
#include "cli/intake.h"
#include "cli/interrupt.h"
#include "cli/playcheck.h"
#include "cli/sample.h"
#include "cli/site.h"
#include "cli/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLE_SECONDS = 9, READY_MS = 30000, LINE_MOST = 4096, GRACE_MS = 20000, TOKEN_S = 86400 };

static const struct args_option options[] = {
	{"once", 0, NULL, "check that what was published plays, print ok, and stop"},
	{"help", 'h', NULL, "show this help"},
	{NULL, 0, NULL, NULL},
};

/* A site in a temporary folder and the `tonearm serve` that serves it. */
struct demo {
	struct cli *cli;
	char *folder; /* NULL: nothing to remove */
	pid_t serve;  /* 0 while it does not run */
	int pipe_fd;  /* its standard output */
	const char *url;
};

static enum err make_site(struct demo *demo, struct err_info *info)
{
	const char *place = getenv("TMPDIR"), *conf;
	char *folder = arena_printf(
		&demo->cli->arena, "%s/tonearm-demo-XXXXXX", place != NULL && *place == '/' ? place : "/tmp");
	enum err err;

	if (mkdtemp(folder) == NULL)
		return err_set_errno(info, ERR_IO, errno, "cannot make %s", folder);
	demo->folder = folder;
	err = site_make(folder, "data", "run", &demo->cli->arena, &conf, info);
	demo->cli->config = conf;
	return err;
}

static enum err start_serve(struct demo *demo, struct err_info *info)
{
	char *argv[] = {(char *)"/proc/self/exe", (char *)"serve", (char *)"--json", (char *)"--config",
		arena_strdup(&demo->cli->arena, demo->cli->config), NULL};
	struct spawn spawn = {.argv = argv, .socket_fd = -1, .error_fd = -1};
	int ends[2];
	sigset_t none;
	enum err err;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set_errno(info, ERR_IO, errno, "cannot make a pipe");
	spawn.output_fd = ends[1];
	demo->pipe_fd = ends[0];
	sigemptyset(&none);
	err = spawn_start(&spawn, &none, &demo->serve, info);
	if (err != ERR_OK)
		demo->serve = 0;
	close(ends[1]);
	return err;
}

/* Reads the one line that serve writes when it is ready: {"event": "ready", "url": ...}. */
static enum err wait_ready(struct demo *demo, struct err_info *info)
{
	int64_t deadline = clock_monotonic_us() + (int64_t)READY_MS * 1000;
	char line[LINE_MOST] = "";
	size_t used = 0;
	json_t *object;

	while (strchr(line, '\n') == NULL) {
		struct pollfd ready = {.fd = demo->pipe_fd, .events = POLLIN};
		int64_t left_ms = (deadline - clock_monotonic_us()) / 1000;
		ssize_t got;

		if (interrupt_asked())
			return err_set(info, ERR_ABORTED, "stopped");
		if (left_ms <= 0 || used + 1 == sizeof line)
			return err_set(info, ERR_TIMEOUT, "the server does not start");
		if (poll(&ready, 1, (int)left_ms) <= 0)
			continue;
		got = read(demo->pipe_fd, line + used, sizeof line - 1 - used);
		if (got == 0) /* it has said why on standard error */
			return err_set(info, ERR_INTERNAL, "the server did not start");
		if (got > 0)
			used += (size_t)got;
	}
	object = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
	demo->url = arena_strdup(&demo->cli->arena, json_string_value(json_object_get(object, "url")));
	json_decref(object);
	return demo->url != NULL ? ERR_OK : err_set(info, ERR_INTERNAL, "the server says nothing of its address");
}

/* The files of ARGS, or the sample when there are none. */
static enum err choose_files(struct demo *demo, const struct args *args, struct intake *intake, struct err_info *info)
{
	struct arena *arena = &demo->cli->arena;
	enum err err = ERR_OK;

	intake->count = args->count > 0 ? args->count : 1;
	intake->files = arena_array(arena, intake->count, sizeof *intake->files);
	for (size_t i = 0; i < args->count; i++)
		intake->files[i].path = args->rest[i];
	if (args->count == 0) {
		intake->files[0].path = arena_printf(arena, "%s/three-chords.wav", demo->folder);
		err = sample_write(intake->files[0].path, SAMPLE_SECONDS, info);
	}
	return err;
}

static enum err add_files(struct demo *demo, struct intake *intake, struct err_info *info)
{
	enum err err = cli_open_db(demo->cli, info);

	if (err == ERR_OK)
		err = sound_choose(demo->cli->conf, NULL, NULL, NULL, 0, &intake->sound, info);
	for (size_t i = 0; err == ERR_OK && i < intake->count; i++)
		err = intake_copy(intake, i, info);
	return err == ERR_OK ? intake_wait(intake, info) : err;
}

static enum err check_files(struct demo *demo, const struct intake *intake, struct err_info *info)
{
	FILE *out = demo->cli->out.out;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < intake->count; i++) {
		struct playcheck result;
		struct track track;

		err = track_get(demo->cli->db, intake->files[i].track, &demo->cli->arena, &track, info);
		if (err == ERR_OK)
			err = playcheck_track(demo->url, track.id, track.duration_ms, &result, info);
		if (err == ERR_OK)
			fprintf(out, "%s plays: %zu renditions by HLS and DASH, %zu segments, %" PRIu64 " bytes\n",
				track.title != NULL ? track.title : track.id, result.renditions, result.segments,
				result.bytes);
	}
	if (err == ERR_OK)
		fputs("ok\n", out);
	return err;
}

/* A token for the page's upload form, in the fragment of the address: that part never leaves the browser. */
static const char *page_token(struct demo *demo)
{
	struct jwt_claims claims = {.subject = "demo",
		.scope = SCOPE_STREAM_READ " " SCOPE_TRACK_READ " " SCOPE_TRACK_WRITE " " SCOPE_JOBS_READ
					   " " SCOPE_JOBS_WRITE,
		.id = "",
		.issued = clock_seconds(NULL),
		.expires = clock_seconds(NULL) + TOKEN_S};
	const struct conf *conf = demo->cli->conf;
	const struct jwt_policy policy = {.issuer = conf->jwt_issuer, .audience = conf->jwt_audience};
	struct jwt_key *key;
	char *token = NULL;

	if (jwt_key_new(conf->jwt_secret, &key, NULL) != ERR_OK)
		return "";
	jwt_sign(key, &claims, &policy, &demo->cli->arena, &token, NULL);
	jwt_key_free(key);
	return token != NULL ? token : "";
}

static void print_addresses(const struct demo *demo, const struct intake *intake, const char *token)
{
	const struct term *term = &demo->cli->out;
	const char *bold = term_on(term, TERM_BOLD), *plain = term_on(term, TERM_PLAIN);

	for (size_t i = 0; i < intake->count; i++)
		fprintf(term->out,
			"\n%s\n  HLS   %s/hls/%s/master.m3u8\n  DASH  %s/dash/%s/manifest.mpd\n  file  "
			"%s/stream/%s.mp4\n",
			intake->files[i].path, demo->url, intake->files[i].track, demo->url, intake->files[i].track,
			demo->url, intake->files[i].track);
	fprintf(term->out,
		"\nOpen %s%s/%s to listen. To upload too:\n  %s/#token=%s\n\nCtrl-C ends it and removes %s.\n", bold,
		demo->url, plain, demo->url, token, demo->folder);
	fflush(term->out);
}

/* Until Ctrl-C, or the end of serve, which closes its pipe. */
static enum err wait_end(const struct demo *demo, struct err_info *info)
{
	struct pollfd ready = {.fd = demo->pipe_fd, .events = POLLIN};
	char rest[64];

	while (!interrupt_asked()) {
		if (poll(&ready, 1, 1000) > 0 && read(demo->pipe_fd, rest, sizeof rest) == 0)
			return err_set(info, ERR_INTERNAL, "the server ended");
	}
	return ERR_OK;
}

static enum err play(struct demo *demo, const struct args *args, struct err_info *info)
{
	struct intake intake = {.cli = demo->cli, .visibility = TRACK_PUBLIC};
	enum err err = make_site(demo, info);

	if (err == ERR_OK)
		err = start_serve(demo, info);
	if (err == ERR_OK)
		err = wait_ready(demo, info);
	if (err == ERR_OK)
		err = choose_files(demo, args, &intake, info);
	if (err == ERR_OK)
		err = add_files(demo, &intake, info);
	if (err == ERR_OK && args_given(args, "once"))
		return check_files(demo, &intake, info);
	if (err == ERR_OK) {
		print_addresses(demo, &intake, page_token(demo));
		err = wait_end(demo, info);
	}
	return err;
}

static enum err run(struct cli *cli, const struct args *args, struct err_info *info)
{
	struct demo demo = {.cli = cli, .pipe_fd = -1};
	enum err err;

	interrupt_watch();
	err = play(&demo, args, info);
	if (demo.serve != 0)
		spawn_stop(demo.serve, GRACE_MS);
	if (demo.pipe_fd >= 0)
		close(demo.pipe_fd);
	db_close(cli->db);
	cli->db = NULL;
	if (demo.folder != NULL)
		fs_remove_tree(demo.folder, NULL);
	return err;
}

const struct cli_command cmd_demo = {
	.name = "demo",
	.arguments = "[FILE...]",
	.summary = "try everything: a site in a temporary folder, served and filled",
	.text = "Makes a site in a temporary folder, serves it on a free loopback port, puts\n"
		"the FILEs in (or a few chords that it makes up), prints the addresses, and\n"
		"removes all of it on Ctrl-C.\n",
	.options = options,
	.run = run,
};
