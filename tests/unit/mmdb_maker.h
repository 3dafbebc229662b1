/* SPDX-License-Identifier: MIT */
/* Small databases in the MaxMind DB format 2.0, written at test time. */
#ifndef TONEARM_TESTS_MMDB_MAKER_H
#define TONEARM_TESTS_MMDB_MAKER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes the file PATH with COUNT ROWS, "192.0.2.0/24 DE" or "2001:db8::/32 US CA" (network, country, region). A later
 * row goes before an earlier one of the same network. False when a row is none, or the file cannot be written.
 */
bool mmdb_make(const char *path, const char *const *rows, size_t count);

#endif
