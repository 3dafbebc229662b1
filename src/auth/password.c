/* SPDX-License-Identifier: MIT */
#include "auth/password.h"

#include "base/hash.h"
#include "base/id.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

enum { COST = 1 << 14, BLOCK = 8, LANES = 5, MEMORY_MOST = 32 << 20, SALT_BYTES = 16, WAIT_S = 3 };

#define FORM "scrypt$14$8$5$"
enum { FORM_LENGTH = sizeof FORM - 1, SALT_HEX = 2 * SALT_BYTES };

static const char nobody[] = FORM "00000000000000000000000000000000$"
				  "0000000000000000000000000000000000000000000000000000000000000000";

/* One at a time, as each takes all of a core and the memory. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static enum err derive(
	const char *password, const char *salt, unsigned char out[static HASH_SIZE], struct err_info *info)
{
	struct timespec until;
	int done;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	if (pthread_mutex_timedlock(&turn, &until) != 0)
		return err_set(info, ERR_BUSY, "too many passwords are being checked");
	done = EVP_PBE_scrypt(password, strlen(password), (const unsigned char *)salt, SALT_HEX, COST, BLOCK, LANES,
		MEMORY_MOST, out, HASH_SIZE);
	pthread_mutex_unlock(&turn);
	return done == 1 ? ERR_OK : err_set(info, ERR_INTERNAL, "scrypt does not work here");
}

enum err password_make(const char *password, struct arena *arena, char **out, struct err_info *info)
{
	unsigned char key[HASH_SIZE];
	char salt[SALT_HEX + 1], hex[HASH_HEX_SIZE];
	size_t length = strlen(password);
	enum err err;

	if (length < PASSWORD_LEAST || length > PASSWORD_MOST)
		return err_set(
			info, ERR_UNPROCESSABLE, "a password has from %d to %d bytes", PASSWORD_LEAST, PASSWORD_MOST);
	id_random_hex(SALT_BYTES, salt);
	err = derive(password, salt, key, info);
	if (err != ERR_OK)
		return err;
	hash_hex(key, sizeof key, hex);
	*out = arena_printf(arena, FORM "%s$%s", salt, hex);
	return ERR_OK;
}

enum err password_check(const char *password, const char *stored, bool *good, struct err_info *info)
{
	const char *form = stored != NULL ? stored : nobody;
	unsigned char ours[HASH_SIZE], theirs[HASH_SIZE];
	enum err err;

	*good = false;
	if (strlen(password) > PASSWORD_MOST)
		return ERR_OK;
	if (strncmp(form, FORM, FORM_LENGTH) != 0 || strlen(form) != FORM_LENGTH + SALT_HEX + 1 + 2 * HASH_SIZE ||
		!hash_from_hex(form + FORM_LENGTH + SALT_HEX + 1, theirs, sizeof theirs))
		return err_set(info, ERR_INTERNAL, "a stored password is of an unknown form");
	err = derive(password, form + FORM_LENGTH, ours, info);
	if (err == ERR_OK)
		*good = hash_equal(ours, theirs, sizeof ours) && stored != NULL;
	return err;
}
