/* SPDX-License-Identifier: MIT */
/* tonearm-jobrunner: options, configuration, database, and then the loop. */
#include "base/fs.h"
#include "base/id.h"
#include "base/log.h"
#include "base/programs.h"
#include "conf/conf.h"
#include "db/db.h"
#include "jobs/loop.h"
#include "jobs/worker_protocol.h"
#include "observe/db_time.h"
#include "observe/metrics.h"
#include "storage/storage_metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOR_MOST_S = 30 * 86400, SILENCE_MOST_S = 3600, LEASE_SPARE_S = 2, UPKEEP_WORKERS = 1 };

static const char usage[] =
	"usage: tonearm-jobrunner [-c FILE] [--drain] [--for DURATION] [--grace DURATION]\n"
	"       [--silence DURATION] [--worker PATH]\n"
	"\n"
	"Runs the jobs of the library: turns uploads into renditions.\n"
	"\n"
	"  -c, --config FILE      the configuration (default: $TONEARM_CONF, else " SYSCONFDIR
	"/tonearm/tonearm.conf)\n"
	"      --drain            work until nothing is left to do, then exit; does nothing while another one drains\n"
	"      --for DURATION     stop after this time, e.g. 50s, 10m or 1h; with --drain what runs comes to its end\n"
	"      --grace DURATION   when it stops, let what runs go on for this long (default: hand it back at once)\n"
	"      --silence DURATION end a worker that says nothing for this long (default: 60s)\n"
	"      --worker PATH      the worker program (default: $TONEARM_LIBEXEC/tonearm-worker, beside this\n"
	"                         program, or " PKGLIBEXECDIR "/tonearm-worker)\n"
	"      --help             this text\n"
	"      --version          the version\n";

struct arguments {
	const char *config;
	const char *worker;
	int64_t for_s, grace_s, silence_s;
	bool drain;
};

/* "50s", "10m", "1h", or a number of seconds; 1 to MOST seconds. */
static bool parse_duration(const char *text, int64_t most, int64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	int64_t unit = 1;

	if (digits == 0 || digits > 9)
		return false;
	if (text[digits] == 'm')
		unit = 60;
	else if (text[digits] == 'h')
		unit = 3600;
	else if (text[digits] != '\0' && text[digits] != 's')
		return false;
	if (text[digits] != '\0' && text[digits + 1] != '\0')
		return false;
	*out = strtoll(text, NULL, 10) * unit;
	return *out >= 1 && *out <= most;
}

static int refuse(const char *what, const char *value)
{
	fprintf(stderr, "tonearm-jobrunner: %s: %s\n%s", what, value, usage);
	return err_exit_code(ERR_BAD_REQUEST);
}

/* -1 to go on, else the exit status. */
static int parse_arguments(int count, char **values, struct arguments *out)
{
	enum { OPT_DRAIN = 256, OPT_FOR, OPT_GRACE, OPT_SILENCE, OPT_WORKER, OPT_HELP, OPT_VERSION };
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"drain", no_argument, NULL, OPT_DRAIN},
		{"for", required_argument, NULL, OPT_FOR},
		{"grace", required_argument, NULL, OPT_GRACE},
		{"silence", required_argument, NULL, OPT_SILENCE},
		{"worker", required_argument, NULL, OPT_WORKER},
		{"help", no_argument, NULL, OPT_HELP},
		{"version", no_argument, NULL, OPT_VERSION},
		{0},
	};
	int option;

	while ((option = getopt_long(count, values, "c:", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			out->config = optarg;
			break;
		case OPT_DRAIN:
			out->drain = true;
			break;
		case OPT_FOR:
			if (!parse_duration(optarg, FOR_MOST_S, &out->for_s))
				return refuse("not a duration", optarg);
			break;
		case OPT_GRACE:
			if (!parse_duration(optarg, FOR_MOST_S, &out->grace_s))
				return refuse("not a duration", optarg);
			break;
		case OPT_SILENCE:
			if (!parse_duration(optarg, SILENCE_MOST_S, &out->silence_s))
				return refuse("not a duration", optarg);
			break;
		case OPT_WORKER:
			out->worker = optarg;
			break;
		case OPT_HELP:
			fputs(usage, stdout);
			return 0;
		case OPT_VERSION:
			puts("tonearm-jobrunner " PACKAGE_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return err_exit_code(ERR_BAD_REQUEST);
		}
	}
	return optind == count ? -1 : refuse("unexpected argument", values[optind]);
}

static enum err make_folders(const struct conf *conf, struct err_info *info)
{
	static const char *const names[] = {"spool", "media", "source"};
	struct arena arena = {0};
	enum err err = fs_make_dirs(conf->run_dir, 0750, info);

	for (size_t i = 0; err == ERR_OK && i < sizeof names / sizeof *names; i++)
		err = fs_make_dirs(conf_data_path(conf, &arena, "%s", names[i]), 0750, info);
	arena_free(&arena);
	return err;
}

static enum err open_database(const struct conf *conf, struct db **out, struct err_info *info)
{
	struct arena arena = {0};
	struct db_options options = {
		.path = conf_data_path(conf, &arena, "tonearm.db"),
		.journal_mode = conf->journal_mode,
		.busy_ms = (int)conf->db_busy_ms,
	};
	enum err err = db_open(&options, 0, out, info);

	if (err == ERR_OK)
		err = db_migrate(*out, info);
	arena_free(&arena);
	return err;
}

static void name_owner(char out[static JOB_OWNER])
{
	char host[HOST_NAME_MAX + 1], random[17];

	if (gethostname(host, sizeof host) != 0)
		host[0] = '\0';
	host[sizeof host - 1] = '\0';
	id_random_hex(8, random);
	snprintf(out, JOB_OWNER, "%.40s:%ld:%s", host, (long)getpid(), random);
}

/*
 * A silent worker is ended while its lease still holds, so that the attempt fails with that reason and nobody else
 * takes the job.
 */
static int64_t silence_us(const struct conf *conf, int64_t wanted_s)
{
	int64_t most_s = conf->job_lease_s - LEASE_SPARE_S;

	return (wanted_s < most_s ? wanted_s : most_s) * 1000000;
}

/*
 * Held until the process ends. *FD is -1 when another one drains this library already: two from cron that overlap would
 * only be in each other's way.
 */
static enum err lock_drain(const struct conf *conf, struct arena *arena, int *fd, struct err_info *info)
{
	const char *path = conf_run_path(conf, arena, "drain.lock");
	enum err err;

	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (*fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return ERR_OK;
	err = errno == EWOULDBLOCK ? ERR_OK : err_set_errno(info, ERR_IO, errno, "cannot lock %s", path);
	close(*fd);
	*fd = -1;
	return err;
}

static enum err work(
	struct runner *runner, const struct loop_options *options, struct arena *arena, struct err_info *info)
{
	enum err err = ERR_OK;

	if (access(runner->worker, X_OK) != 0)
		err = err_set_errno(info, ERR_NOT_FOUND, errno, "cannot run the worker %s", runner->worker);
	if (err == ERR_OK)
		err = open_database(runner->conf, &runner->db, info);
	if (err == ERR_OK)
		err = metrics_open(conf_run_path(runner->conf, arena, "metrics"), &runner->metrics, info);
	if (err == ERR_OK) {
		metrics_enter(runner->metrics, "jobrunner");
		db_time_watch(runner->metrics);
		storage_metrics_watch(runner->metrics);
		name_owner(runner->owner);
		err = loop_run(runner, options, info);
		log_message(LOG_INFO, "jobrunner stopped");
	}
	storage_metrics_watch(NULL);
	db_time_watch(NULL);
	metrics_close(runner->metrics);
	if (runner->db != NULL)
		db_close(runner->db);
	return err;
}

/* Root does not open strangers' files: its workers become somebody else. */
static enum err find_user(const struct conf *conf, struct runner *runner, struct err_info *info)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return ERR_OK;
	user = getpwnam(conf->job_worker_user);
	if (user == NULL)
		return err_set(info, ERR_NOT_FOUND, "there is no user \"%s\" for the workers: set jobs.worker_user",
			conf->job_worker_user);
	if (user->pw_uid == 0 || user->pw_gid == 0)
		return err_set(info, ERR_BAD_REQUEST, "jobs.worker_user must not be root, nor in its group");
	runner->worker_uid = user->pw_uid;
	runner->worker_gid = user->pw_gid;
	return ERR_OK;
}

static enum err run(const struct arguments *arguments, const struct conf *conf, struct err_info *info)
{
	struct runner runner = {.conf = conf, .silence_us = silence_us(conf, arguments->silence_s)};
	struct loop_options options = {
		.drain = arguments->drain,
		.for_ms = arguments->for_s * 1000,
		.grace_ms = arguments->grace_s * 1000,
		.places = {conf->job_workers, conf->job_network_workers, UPKEEP_WORKERS},
	};
	struct arena arena = {0};
	int lock = -1;
	enum err err = make_folders(conf, info);

	runner.worker = arguments->worker;
	if (err == ERR_OK && runner.worker == NULL)
		err = programs_find("tonearm-worker", &arena, &runner.worker, info);
	if (err == ERR_OK)
		err = find_user(conf, &runner, info);
	if (err == ERR_OK && arguments->drain)
		err = lock_drain(conf, &arena, &lock, info);
	if (err == ERR_OK && arguments->drain && lock < 0)
		fputs("tonearm-jobrunner: another one drains this library already: nothing to do\n", stderr);
	else if (err == ERR_OK)
		err = work(&runner, &options, &arena, info);
	if (lock >= 0)
		close(lock);
	arena_free(&arena);
	return err;
}

int main(int count, char **values)
{
	struct arguments arguments = {.silence_s = WORKER_SILENCE_S};
	enum log_level level = LOG_INFO;
	struct err_info info = {0};
	struct conf *conf = NULL;
	int status = parse_arguments(count, values, &arguments);
	enum err err;

	if (status >= 0)
		return status;
	/* The web server reads what is published, as one of the group; nobody else does. */
	umask(0027);
	err = conf_read(conf_find(arguments.config), &conf, &info);
	if (err == ERR_OK)
		err = log_level_parse(conf->log_level, &level);
	if (err == ERR_OK)
		err = log_open("tonearm-jobrunner", level, conf->log_file[0] == '\0' ? NULL : conf->log_file, &info);
	if (err == ERR_OK)
		err = run(&arguments, conf, &info);
	if (err != ERR_OK) {
		fprintf(stderr, "tonearm-jobrunner: %s\n", info.detail);
		log_failure(LOG_ERROR, "jobrunner failed", &info);
	}
	conf_free(conf);
	return err_exit_code(err);
}
