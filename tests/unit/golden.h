/* SPDX-License-Identifier: MIT */
/*
 * Compares text with a file below tests/golden of the source tree. With TONEARM_GOLDEN=write in the environment the
 * file is written instead; look at the difference before committing it. Include after cmocka.h.
 */
#ifndef TONEARM_TESTS_GOLDEN_H
#define TONEARM_TESTS_GOLDEN_H

#include "base/buf.h"
#include "base/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void golden_check(const struct buf *text, const char *name)
{
	const char *source = getenv("TONEARM_SOURCE"), *mode = getenv("TONEARM_GOLDEN");
	struct err_info info = {0};
	char path[4096], *wanted;
	size_t length;

	assert_non_null(source);
	assert_false(text->overflow);
	snprintf(path, sizeof path, "%s/tests/golden/%s", source, name);
	if (mode != NULL && strcmp(mode, "write") == 0)
		assert_int_equal(fs_write_file(path, text->data, text->length, 0644, &info), ERR_OK);
	if (fs_read_file(path, 1 << 20, &wanted, &length, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	assert_string_equal(buf_text(text), wanted);
	free(wanted);
}

#endif
