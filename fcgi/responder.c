/* SPDX-License-Identifier: MIT */
#include "fcgi/responder.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "http/serve.h"
#include "http/site.h"
#include "observe/access_log.h"
#include "observe/db_time.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
	const char *conf;
	const char *socket;
	bool done; /* the answer to --help or --version is out */
};

static void print_help(const char *name, const char *summary)
{
	printf("Usage: %s.fcgi [-c FILE] [--socket PATH]\n\n%s\n\n"
	       "Speaks FastCGI on descriptor 0 as a web server or spawn-fcgi starts it, FastCGI on a socket of its "
	       "own,\n"
	       "or plain CGI when GATEWAY_INTERFACE is set.\n\n"
	       "  -c, --config FILE  configuration; else $TONEARM_CONF, else " SYSCONFDIR "/tonearm/tonearm.conf\n"
	       "      --socket PATH  listen on this Unix socket\n"
	       "      --help         this text\n"
	       "      --version      the version\n",
		name, summary);
}

/* Of a CGI program the words are a stranger's: those of a query without "=" (RFC 3875 section 4.4). */
static bool words_are_ours(void)
{
	return getenv("GATEWAY_INTERFACE") == NULL || getenv("REQUEST_METHOD") == NULL;
}

static bool read_options(int argc, char **argv, const char *name, const char *summary, struct options *options)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*options = (struct options){0};
	while ((option = getopt_long(argc, argv, "c:", known, NULL)) != -1) {
		if (option == 'c') {
			options->conf = optarg;
		} else if (option == 's') {
			options->socket = optarg;
		} else if (option == 'h') {
			print_help(name, summary);
			options->done = true;
		} else if (option == 'v') {
			printf("%s.fcgi %s\n", name, PACKAGE_VERSION);
			options->done = true;
		} else {
			return false;
		}
	}
	return optind == argc;
}

static enum err open_log(const struct responder *responder, struct err_info *info)
{
	const struct conf *conf = responder->conf;
	enum log_level least;
	enum err err = log_level_parse(conf->log_level, &least);

	if (err != ERR_OK)
		return err_set(info, err, "log level %s is unknown", conf->log_level);
	return log_open(responder->name, least, conf->log_file[0] == '\0' ? NULL : conf->log_file, info);
}

static enum err open_access_log(const struct conf *conf, struct err_info *info)
{
	enum access_format format;
	enum err err = access_format_parse(conf->access_format, &format);

	if (err != ERR_OK)
		return err_set(info, err, "access log format %s is unknown", conf->access_format);
	return access_log_open(format, conf->access_file[0] == '\0' ? NULL : conf->access_file, info);
}

static enum err open_metrics(struct responder *responder, struct err_info *info)
{
	struct arena arena = {0};
	enum err err = fs_make_dirs(responder->conf->run_dir, 0750, info);

	if (err == ERR_OK)
		err = metrics_open(conf_run_path(responder->conf, &arena, "metrics"), &responder->metrics, info);
	if (err == ERR_OK) {
		metrics_enter(responder->metrics, responder->name);
		db_time_watch(responder->metrics);
	}
	arena_free(&arena);
	return err;
}

/* Opens the pool and looks whether the database is the one this program was built for. */
static enum err open_database(struct responder *responder, struct err_info *info)
{
	const struct conf *conf = responder->conf;
	struct arena arena = {0};
	const struct db_options options = {
		.path = conf_data_path(conf, &arena, "tonearm.db"),
		.journal_mode = conf->journal_mode,
		.busy_ms = (int)conf->db_busy_ms,
	};
	/* One for each thread: those that wait for a lock leave one to the thread that answers all others. */
	size_t most = (size_t)conf->http_threads;
	struct db *db = NULL;
	enum err err = db_pool_open(&options, most, &responder->pool, info);

	if (err == ERR_OK)
		err = db_pool_take(responder->pool, &db, info);
	if (err == ERR_OK) {
		err = db_check_version(db, info);
		db_pool_give(responder->pool, db);
	}
	arena_free(&arena);
	return err;
}

static enum err open_limits(struct responder *responder, struct err_info *info)
{
	struct arena arena = {0};
	enum err err = ratelimit_open(responder->conf, conf_run_path(responder->conf, &arena, "limits"),
		responder->metrics, NULL, &responder->limits, info);

	responder->access.limits = responder->limits;
	arena_free(&arena);
	return err;
}

static enum err open_all(struct responder *responder, const char *conf, struct err_info *info)
{
	enum err err = conf_read(conf_find(conf), &responder->conf, info);

	if (err == ERR_OK)
		err = open_log(responder, info);
	if (err == ERR_OK)
		err = open_access_log(responder->conf, info);
	if (err == ERR_OK)
		err = open_metrics(responder, info);
	if (err == ERR_OK)
		err = open_database(responder, info);
	if (err == ERR_OK)
		err = access_open(
			&responder->access, responder->conf, responder->pool, responder->metrics, NULL, info);
	if (err == ERR_OK)
		err = cdn_open(responder->conf, &responder->cdn, info);
	if (err == ERR_OK)
		err = open_limits(responder, info);
	if (err == ERR_OK)
		err = presign_open(responder->conf, NULL, &responder->presign, info);
	return err;
}

static enum err serve_all(
	struct responder *responder, const struct options *options, const struct router *router, struct err_info *info)
{
	const struct conf *conf = responder->conf;
	const struct client_trust trust = {conf->trusted_proxies.networks, conf->trusted_proxies.count, conf->client_address};
	const struct site site = {responder->conf->base_url, responder->conf->allowed_origins};
	const struct serve_options serve_options = {
		.program = responder->name,
		.router = router,
		.socket = options->socket,
		.event = strcmp(responder->conf->http_transport, "event") == 0,
		.waits = strcmp(conf->journal_mode, "delete") == 0, /* who reads waits for who writes */
		.threads = (int)responder->conf->http_threads,
		.backlog = (int)responder->conf->http_backlog,
		.metrics = responder->metrics,
		.context = responder,
		.delivery = responder->conf->delivery,
		.idle_s = (int)responder->conf->upload_idle_s,
		.send_idle_s = (int)responder->conf->send_idle_s,
		.receive_rate = responder->conf->upload_rate,
		.send_rate = responder->conf->send_rate,
		.site = &site,
		.trust = &trust,
	};

	return serve(&serve_options, info);
}

static void close_all(struct responder *responder)
{
	presign_close(responder->presign);
	cdn_close(responder->cdn);
	access_close(&responder->access);
	ratelimit_close(responder->limits);
	if (responder->pool != NULL)
		db_pool_close(responder->pool);
	db_time_watch(NULL);
	metrics_close(responder->metrics);
	if (responder->conf != NULL)
		conf_free(responder->conf);
}

struct responder *responder_of(const struct request *request)
{
	return request->context;
}

static enum err authorize(struct request *request, const char *scope, struct err_info *info)
{
	struct jwt_claims claims;

	return access_scope_all(&responder_of(request)->access, request, scope, &claims, info);
}

static enum err admit(struct request *request, struct err_info *info)
{
	return ratelimit_admit(
		responder_of(request)->limits, request, ratelimit_route(request->method, request->route), info);
}

int responder_run(
	int argc, char **argv, const char *name, const char *summary, const struct route *routes, size_t count)
{
	const struct router router = {routes, count, authorize, admit};
	struct responder responder = {.name = name};
	struct err_info info = {0};
	struct options options;
	enum err err;

	if (!read_options(words_are_ours() ? argc : 1, argv, name, summary, &options)) {
		fprintf(stderr, "%s.fcgi: try --help\n", name);
		return err_exit_code(ERR_BAD_REQUEST);
	}
	if (options.done)
		return EXIT_SUCCESS;
	err = open_all(&responder, options.conf, &info);
	if (err == ERR_OK)
		err = serve_all(&responder, &options, &router, &info);
	if (err != ERR_OK) {
		if (responder.conf != NULL && responder.conf->log_file[0] != '\0')
			log_failure(LOG_ERROR, "cannot serve", &info);
		fprintf(stderr, "%s.fcgi: %s\n", name, info.detail);
	}
	close_all(&responder);
	return err_exit_code(err);
}

const char *responder_root(const struct request *request)
{
	const char *base = responder_of(request)->conf->base_url;

	return base[0] != '\0' ? base : request->prefix;
}

struct db *responder_db(const struct request *request, struct response *response)
{
	struct err_info info;
	struct db *db;

	if (db_pool_take(responder_of(request)->pool, &db, &info) == ERR_OK)
		return db;
	response_error(response, &info);
	return NULL;
}

const char *responder_cache(
	const struct request *request, const struct access_pass *pass, int64_t public_s, int64_t private_s)
{
	int64_t left = pass->expires - clock_seconds(responder_of(request)->access.clock);

	if (pass->expires == 0 && !pass->placed)
		return arena_printf(request->arena, "public, max-age=%" PRId64, public_s);
	if (pass->expires == 0 || left > private_s)
		left = private_s;
	return arena_printf(request->arena, "private, max-age=%" PRId64, left > 0 ? left : 0);
}
