/* SPDX-License-Identifier: MIT */
#include "cli/doctor.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/programs.h"
#include "cli/duration.h"
#include "model/breaker.h"
#include "model/job.h"
#include "model/remote.h"
#include "model/spending.h"
#include "model/stored.h"
#include "storage/remote_key.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { RUNNER_SILENT_MS = 60000, SPARE_FILES = 64, FILES_PER_THREAD = 3 };

bool doctor_configuration(struct doctor *doctor)
{
	struct err_info info = {0};
	const struct conf *conf;

	if (cli_open_conf(doctor->cli, &info) != ERR_OK) {
		doctor_say(doctor, DOCTOR_FAIL, "configuration", NULL, "%s", info.detail);
		return false;
	}
	conf = doctor->cli->conf;
	doctor_say(doctor, DOCTOR_OK, "configuration", NULL, "%s", conf->path);
	if (strcmp(conf->url_secret, conf->jwt_secret) == 0)
		doctor_say(doctor, DOCTOR_WARN, "secrets", "give each its own, from `openssl rand -hex 32`",
			"auth.url_secret and auth.jwt_secret are the same");
	else
		doctor_say(doctor, DOCTOR_OK, "secrets", NULL, "long enough, and the file is private");
	return true;
}

static bool check_integrity(struct doctor *doctor)
{
	struct db_stmt *stmt = db_stmt(doctor->cli->db, SQL_DB_QUICK_CHECK);
	struct err_info info = {0};
	const char *mend = "restore tonearm.db from a backup, or see `sqlite3 tonearm.db .recover`";
	bool sound = false;

	if (db_step(stmt, &info) != ERR_OK)
		doctor_say(doctor, DOCTOR_FAIL, "database", mend, "%s", info.detail);
	else if (strcmp(db_text(stmt, 0), "ok") != 0)
		doctor_say(doctor, DOCTOR_FAIL, "database", mend, "it is damaged: %.120s", db_text(stmt, 0));
	else
		sound = true;
	db_reset(stmt);
	return sound;
}

static int64_t ask_database(struct doctor *doctor, enum sql sql)
{
	struct db_stmt *stmt = db_stmt(doctor->cli->db, sql);
	struct err_info info = {0};
	int64_t value = db_step(stmt, &info) == ERR_OK ? db_int(stmt, 0) : 0;

	db_reset(stmt);
	return value;
}

/* A small one is made so by the jobrunner, within a day. */
static void check_shrinkable(struct doctor *doctor, const char *path)
{
	int64_t size = ask_database(doctor, SQL_DB_SIZE);

	if (ask_database(doctor, SQL_DB_AUTO_VACUUM_MODE) != DB_AUTO_VACUUM_INCREMENTAL && size > DB_VACUUM_MOST)
		doctor_say(doctor, DOCTOR_WARN, "database",
			arena_printf(&doctor->cli->arena,
				"stop Tonearm for some minutes, then `sqlite3 %s 'PRAGMA auto_vacuum = 2; VACUUM'`",
				path),
			"it cannot give space back, and is too large (%" PRId64
			" MiB) to be made so while it is in use",
			size >> 20);
}

bool doctor_database(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	struct err_info info = {0};
	enum err err = cli_open_db(cli, &info);
	const char *path = conf_data_path(cli->conf, &cli->arena, "tonearm.db");

	if (err != ERR_OK) {
		doctor_say(doctor, DOCTOR_FAIL, "database",
			err == ERR_CONFLICT ? "start the tonearm-jobrunner of this version once" : NULL, "%s",
			info.detail);
		return false;
	}
	if (!check_integrity(doctor))
		return false;
	doctor_say(doctor, DOCTOR_OK, "database", NULL, "%s, sound, journal_mode %s", path, cli->conf->journal_mode);
	check_shrinkable(doctor, path);
	return true;
}

static void check_folder(struct doctor *doctor, const char *path)
{
	struct arena *arena = &doctor->cli->arena;
	struct stat status;

	if (stat(path, &status) != 0)
		doctor_say(doctor, DOCTOR_FAIL, "folder", arena_printf(arena, "install -d -m 0750 %s", path), "%s: %s",
			path, strerror(errno));
	else if (faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		doctor_say(doctor, DOCTOR_FAIL, "folder",
			arena_printf(
				arena, "chown it to the user that Tonearm runs as (you are uid %d)", (int)geteuid()),
			"%s: %s", path, strerror(errno));
	else
		doctor_say(doctor, DOCTOR_OK, "folder", NULL, "%s", path);
}

void doctor_folders(struct doctor *doctor)
{
	const struct conf *conf = doctor->cli->conf;
	struct arena *arena = &doctor->cli->arena;

	check_folder(doctor, conf->data_dir);
	check_folder(doctor, conf_data_path(conf, arena, "spool"));
	check_folder(doctor, conf_data_path(conf, arena, "source"));
	check_folder(doctor, conf_data_path(conf, arena, "media"));
	check_folder(doctor, conf->run_dir);
}

/* What Linux calls file systems whose locks WAL cannot rely on (statfs(2)); NULL for one that is fine. */
static const char *network_file_system(const char *path)
{
	static const struct {
		uint32_t magic;
		const char *name;
	} known[] = {{0x6969, "NFS"}, {0x517B, "SMB"}, {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB"}, {0x00C36400, "Ceph"},
		{0x01021997, "9p"}, {0x65735546, "FUSE"}, {0x5346414F, "AFS"}, {0x01161970, "GFS2"}};
	struct statfs status;

	if (statfs(path, &status) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if ((uint32_t)status.f_type == known[i].magic)
			return known[i].name;
	return NULL;
}

void doctor_disk(struct doctor *doctor)
{
	const struct conf *conf = doctor->cli->conf;
	int64_t mib = 1 << 20, left = fs_free_bytes(conf->data_dir);
	const char *network = network_file_system(conf->data_dir);

	if (left < 0)
		doctor_say(doctor, DOCTOR_FAIL, "disk", NULL, "%s: %s", conf->data_dir, strerror(errno));
	else if (left < conf->disk_floor)
		doctor_say(doctor, DOCTOR_FAIL, "disk",
			"make room, or lower storage.disk_floor: uploads are refused until then",
			"%" PRId64 " MiB left, the floor is %" PRId64 " MiB", left / mib, conf->disk_floor / mib);
	else
		doctor_say(doctor, left < 2 * conf->disk_floor ? DOCTOR_WARN : DOCTOR_OK, "disk", NULL,
			"%" PRId64 " MiB left, the floor is %" PRId64 " MiB", left / mib, conf->disk_floor / mib);
	if (network != NULL && strcmp(conf->journal_mode, "wal") == 0)
		doctor_say(doctor, DOCTOR_FAIL, "file system", "set db.journal_mode = \"delete\"",
			"%s lies on %s, where WAL loses data", conf->data_dir, network);
	else if (network != NULL)
		doctor_say(doctor, DOCTOR_OK, "file system", NULL, "%s, with journal_mode delete", network);
}

void doctor_limits(struct doctor *doctor)
{
	const struct conf *conf = doctor->cli->conf;
	rlim_t wanted = (rlim_t)(conf->http_threads * FILES_PER_THREAD + SPARE_FILES);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < wanted)
		doctor_say(doctor, DOCTOR_WARN, "open files",
			"raise it (ulimit -n, LimitNOFILE), or lower http.threads", "%ju may be open, %ju should",
			(uintmax_t)limit.rlim_cur, (uintmax_t)wanted);
	else
		doctor_say(doctor, DOCTOR_OK, "open files", NULL, "%ju may be open", (uintmax_t)limit.rlim_cur);
}

void doctor_jobs(struct doctor *doctor)
{
	int64_t seen = 0, counts[JOB_STATE_COUNT] = {0}, silent;
	struct err_info info = {0};
	char ago[DURATION_TEXT];

	if (job_runner_last_seen(doctor->cli->db, &seen, &info) != ERR_OK ||
		job_counts(doctor->cli->db, counts, &info) != ERR_OK) {
		doctor_say(doctor, DOCTOR_FAIL, "jobs", NULL, "%s", info.detail);
		return;
	}
	silent = clock_ms(NULL) - seen;
	if (seen == 0)
		doctor_say(doctor, DOCTOR_WARN, "jobrunner",
			"start tonearm-jobrunner, or run it from cron with --drain --for 50s", "never seen");
	else if (silent > RUNNER_SILENT_MS)
		doctor_say(doctor, DOCTOR_WARN, "jobrunner", "start tonearm-jobrunner", "seen %s",
			duration_ago(silent, ago));
	else
		doctor_say(doctor, DOCTOR_OK, "jobrunner", NULL, "seen %s", duration_ago(silent, ago));
	if (counts[JOB_DEAD] > 0)
		doctor_say(doctor, DOCTOR_WARN, "jobs",
			"`tonearm jobs --state dead` says why, `tonearm jobs retry JOB` tries again",
			"%" PRId64 " gave up, %" PRId64 " wait", counts[JOB_DEAD], counts[JOB_QUEUED]);
	else
		doctor_say(doctor, DOCTOR_OK, "jobs", NULL, "%" PRId64 " wait, %" PRId64 " run", counts[JOB_QUEUED],
			counts[JOB_RUNNING]);
}

void doctor_media(struct doctor *doctor)
{
	const struct conf *conf = doctor->cli->conf;
	struct stored_counts counts = {0};
	struct stored_pass pass = {0};
	struct err_info info = {0};
	char ago[DURATION_TEXT];

	if (stored_count(doctor->cli->db, &counts, &info) != ERR_OK ||
		stored_pass_get(doctor->cli->db, &pass, &info) != ERR_OK)
		doctor_say(doctor, DOCTOR_FAIL, "stored files", NULL, "%s", info.detail);
	else if (counts.renditions > 0 || counts.sources > 0)
		doctor_say(doctor, DOCTOR_WARN, "stored files",
			"look at the disk; put the files back from a copy, or `tonearm tracks verify --repair`",
			"%" PRId64 " renditions of %" PRId64 " tracks and %" PRId64 " sources are damaged",
			counts.renditions, counts.tracks, counts.sources);
	else if (conf->job_verify_days == 0)
		doctor_say(doctor, DOCTOR_WARN, "stored files", "set jobs.verify_days", "they are never verified");
	else if (pass.ended_ms == 0)
		doctor_say(doctor, DOCTOR_OK, "stored files", NULL, "not verified yet, every %" PRId64 " days",
			conf->job_verify_days);
	else
		doctor_say(doctor, DOCTOR_OK, "stored files", NULL, "all whole, verified %s",
			duration_ago(clock_ms(NULL) - pass.ended_ms, ago));
}

/* The endpoint of the object store, as those who asked it last found it. */
static bool check_breaker(struct doctor *doctor, struct err_info *info)
{
	struct cli *cli = doctor->cli;
	struct breaker *breakers;
	size_t count;

	if (breaker_list(cli->db, &cli->arena, &breakers, &count, info) != ERR_OK)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(breakers[i].endpoint, cli->conf->store_endpoint) == 0 && breakers[i].state != BREAKER_CLOSED)
			doctor_say(doctor, DOCTOR_WARN, "object store", "look at what the store says of itself",
				"%s failed again and again: its breaker is %s", breakers[i].endpoint,
				breaker_state_name(breakers[i].state));
	}
	return true;
}

/* The writes that STORE may be asked in a month, where these are limited. */
static bool check_budget(struct doctor *doctor, const char *store, struct err_info *info)
{
	int64_t most = doctor->cli->conf->store_writes;
	struct spending spent;

	if (spending_get(doctor->cli->db, store, clock_seconds(NULL), &spent, info) != ERR_OK)
		return false;
	if (most > 0)
		doctor_say(doctor, spent.writes < most ? DOCTOR_OK : DOCTOR_WARN, "store budget",
			spent.writes < most ? NULL : "raise store.writes_per_month, or wait for the next month",
			"%" PRId64 " of %" PRId64 " writes of this month are used", spent.writes, most);
	return true;
}

void doctor_store(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	const char *store = remote_store(cli->conf, &cli->arena);
	struct remote_counts counts;
	struct err_info info = {0};

	if (store == NULL)
		return;
	if (!check_breaker(doctor, &info) || !check_budget(doctor, store, &info) ||
		remote_count(cli->db, store, &counts, &info) != ERR_OK)
		doctor_say(doctor, DOCTOR_FAIL, "object store", NULL, "%s", info.detail);
	else
		doctor_say(doctor, DOCTOR_OK, "object store", NULL,
			"%s has confirmed %" PRId64 " files, %" PRId64 " are on their way", store, counts.confirmed,
			counts.objects - counts.confirmed);
}

static void check_helper(struct doctor *doctor, const char *name)
{
	struct err_info info = {0};
	const char *path;

	if (programs_find(name, &doctor->cli->arena, &path, &info) != ERR_OK)
		doctor_say(doctor, DOCTOR_FAIL, name, NULL, "%s", info.detail);
	else
		doctor_say(doctor, DOCTOR_OK, name, NULL, "%s", path);
}

void doctor_programs(struct doctor *doctor)
{
	static const char *const helpers[] = {"api.fcgi", "auth.fcgi", "manifest.fcgi", "stream.fcgi",
		"tonearm-fetch", "tonearm-jobrunner", "tonearm-jwks", "tonearm-worker"};
	const char *lighttpd = NULL, *nginx = NULL, *page;
	struct arena *arena = &doctor->cli->arena;

	for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++)
		check_helper(doctor, helpers[i]);
	if (programs_share("www", arena, &page, NULL) == ERR_OK)
		doctor_say(doctor, DOCTOR_OK, "page", NULL, "%s", page);
	else
		doctor_say(
			doctor, DOCTOR_WARN, "page", "configure without --without-page, where npm is", "not installed");
	programs_system("lighttpd", "lighttpd", arena, &lighttpd, NULL);
	programs_system("nginx", "nginx-light", arena, &nginx, NULL);
	if (lighttpd == NULL && nginx == NULL)
		doctor_say(doctor, DOCTOR_WARN, "web server", "apt-get install lighttpd, or nginx-light",
			"neither lighttpd nor nginx is here");
	else
		doctor_say(doctor, DOCTOR_OK, "web server", NULL, "%s%s%s", lighttpd != NULL ? lighttpd : "",
			lighttpd != NULL && nginx != NULL ? ", " : "", nginx != NULL ? nginx : "");
	if (lighttpd == NULL)
		doctor_say(doctor, DOCTOR_WARN, "tonearm serve", "apt-get install lighttpd", "it needs lighttpd");
}
