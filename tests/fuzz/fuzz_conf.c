/* SPDX-License-Identifier: MIT */
/* Any text is a configuration, or an error with a reason. */
#include "conf/conf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/fuzz-conf-XXXXXX";
static int fd = -1;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the text of a string that does not end. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static void remove_file(void)
{
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct err_info info = {0};
	struct conf *conf;
	enum err err;

	/* What the operator's file includes are files of this machine. */
	if (memmem(bytes, length, "include", 7) != NULL)
		return -1;
	if (fd < 0) {
		fd = mkstemp(path);
		atexit(remove_file);
	}
	if (ftruncate(fd, 0) != 0 || pwrite(fd, bytes, length, 0) != (ssize_t)length)
		abort();
	err = conf_read(path, &conf, &info);
	if ((err == ERR_OK) != (conf != NULL) || (err != ERR_OK && info.detail[0] == '\0'))
		abort();
	conf_free(conf);
	return 0;
}
