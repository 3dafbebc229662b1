/* SPDX-License-Identifier: MIT */
/*
 * Renditions without sound: CMAF files of the right shape whose frames are all the same bytes, for tests that do not
 * listen.
 */
#ifndef TONEARM_TESTS_FAKE_CMAF_H
#define TONEARM_TESTS_FAKE_CMAF_H

#include "base/err.h"
#include "conf/conf.h"

#include <stdint.h>

enum { FAKE_FRAME = 1024 };

/*
 * Writes to FD, from its start, what an AAC encoder with a priming of one frame would give for SAMPLES of sound at the
 * rate of WANTED, cut every FRAMES frames. Errors as in cmaf.h.
 */
enum err fake_cmaf_write(
	int fd, const struct conf_rendition *wanted, uint64_t samples, uint64_t frames, struct err_info *info);

#endif
