/* SPDX-License-Identifier: MIT */
/*
 * Passwords, recognised by scrypt (RFC 7914) over OpenSSL: N = 2^14, r = 8, p = 5, a salt of 16 bytes. Made on purpose
 * to cost a tenth of a second and 16 MiB; so one is checked at a time, and whoever has to wait too long is sent away.
 * Thread-safe.
 */
#ifndef TONEARM_AUTH_PASSWORD_H
#define TONEARM_AUTH_PASSWORD_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

enum { PASSWORD_LEAST = 8, PASSWORD_MOST = 1024 };

/*
 * What recognises PASSWORD, "scrypt$...", in ARENA. ERR_UNPROCESSABLE when it is shorter or longer than that, in bytes;
 * ERR_INTERNAL.
 */
enum err password_make(const char *password, struct arena *arena, char **out, struct err_info *info);

/*
 * *GOOD: whether PASSWORD is the one that STORED recognises. STORED NULL takes as long and is never good: nobody learns
 * by the time whether an account exists. ERR_BUSY when too many are being checked; ERR_INTERNAL.
 */
enum err password_check(const char *password, const char *stored, bool *good, struct err_info *info);

#endif
