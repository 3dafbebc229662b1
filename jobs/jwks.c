/* SPDX-License-Identifier: MIT */
/*
 * tonearm-jwks: fetches the keys of auth.jwks_url into <data>/jwks.json, as responders want it (src/auth/jwks.h). What
 * it gets is checked before it takes the place of what was there; on any failure that stays. One works at a time, and
 * none within auth.jwks_retry_s of the last, successful or not: the time of the lock file tells.
 */
#include "auth/jwks.h"
#include "base/fs.h"
#include "base/log.h"
#include "storage/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOW_S = 5 };

/* *FD is the lock, taken; -1 when another one works or it is too early. */
static enum err take_turn(const struct conf *conf, struct arena *arena, int *fd, struct err_info *info)
{
	const char *path = jwks_lock_path(conf, arena);
	struct stat status;
	bool made;

	*fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	made = *fd >= 0;
	if (!made)
		*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot open %s", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0 && fstat(*fd, &status) == 0 &&
		(made || clock_seconds(NULL) - status.st_mtim.tv_sec >= conf->jwks_retry_s) && futimens(*fd, NULL) == 0)
		return ERR_OK;
	close(*fd);
	*fd = -1;
	return ERR_OK;
}

static enum err fetch(const struct conf *conf, struct transfer_exchange *exchange, struct err_info *info)
{
	const struct transfer_limits limits = {
		.connect_ms = (long)conf->jwks_timeout_s * 1000,
		.total_ms = (long)conf->jwks_timeout_s * 1000,
		.least_rate = 1,
		.slow_s = SLOW_S,
		.parallel = 1,
	};
	struct transfer *transfer;
	enum err err = transfer_open(&limits, &transfer, info);

	if (err != ERR_OK)
		return err;
	transfer_run(transfer, &exchange, 1);
	transfer_close(transfer);
	if (exchange->err != ERR_OK)
		return err_set(info, exchange->err, "%s", exchange->info.detail);
	return exchange->status == 200
		       ? ERR_OK
		       : err_set(info, ERR_IO, "the address answers with status %ld", exchange->status);
}

/* Whether there is anything to verify tokens with in it. */
static enum err check(const struct conf *conf, const struct buf *text, struct err_info *info)
{
	struct keyring ring = {0};
	unsigned algorithms;
	enum err err = jwa_read(conf->jwks_algorithms, &algorithms, info);

	if (err == ERR_OK)
		err = keyring_add_set(&ring, buf_text(text), text->length, algorithms, false, NULL, info);
	keyring_clear(&ring);
	return err;
}

static enum err renew(const struct conf *conf, struct arena *arena, struct err_info *info)
{
	struct transfer_exchange exchange = {.method = "GET", .url = conf->jwks_url, .arena = arena};
	enum err err;

	if (!jwks_url_allowed(conf->jwks_url))
		return err_set(info, ERR_BAD_REQUEST, "auth.jwks_url is not one to fetch keys from");
	buf_init(&exchange.answer, KEYRING_FILE_MOST);
	err = fetch(conf, &exchange, info);
	if (err == ERR_OK)
		err = check(conf, &exchange.answer, info);
	if (err == ERR_OK)
		err = fs_write_file(jwks_path(conf, arena), exchange.answer.data, exchange.answer.length, 0640, info);
	buf_free(&exchange.answer);
	return err;
}

static enum err run(const char *path, struct err_info *info)
{
	struct arena arena = {0};
	struct conf *conf;
	int lock = -1;
	enum err err = conf_read(path, &conf, info);

	if (err != ERR_OK)
		return err;
	log_open("jwks", LOG_INFO, conf->log_file[0] == '\0' ? NULL : conf->log_file, NULL);
	err = take_turn(conf, &arena, &lock, info);
	if (err == ERR_OK && lock >= 0) {
		err = renew(conf, &arena, info);
		if (err == ERR_OK)
			log_message(LOG_INFO, "the issuer's keys are fetched");
		else
			log_failure(LOG_WARNING, "the issuer's keys could not be fetched: those of the last time stay",
				info);
	}
	if (lock >= 0)
		close(lock);
	arena_free(&arena);
	conf_free(conf);
	return err;
}

int main(int argc, char **argv)
{
	struct err_info info = {0};
	const char *path = NULL;
	int option;
	enum err err;

	while ((option = getopt(argc, argv, "c:")) != -1) {
		if (option != 'c')
			return err_exit_code(ERR_BAD_REQUEST);
		path = optarg;
	}
	err = run(conf_find(path), &info);
	if (err != ERR_OK)
		fprintf(stderr, "tonearm-jwks: %s\n", info.detail);
	return err_exit_code(err);
}
