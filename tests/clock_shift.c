/* SPDX-License-Identifier: MIT */
/*
 * A wall clock that a test can move: preloaded (LD_PRELOAD) into a program, it adds the number of milliseconds that the
 * file $CLOCK_SHIFT holds, as text, to what the program reads from the real-time clock. The file may change at any
 * time.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long shift_ms(void)
{
	const char *path = getenv("CLOCK_SHIFT");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	char text[32] = "";
	ssize_t got;

	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof text - 1);
	close(fd);
	return got > 0 ? strtoll(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	static int (*real)(clockid_t, struct timespec *);
	int result;

	if (real == NULL) {
		void *found = dlsym(RTLD_NEXT, "clock_gettime");

		memcpy(&real, &found, sizeof real);
	}
	result = real(id, out);
	if (result == 0 && id == CLOCK_REALTIME) {
		long long ms = shift_ms() + out->tv_nsec / 1000000;
		long long seconds = ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);

		out->tv_sec += (time_t)seconds;
		out->tv_nsec = (long)(ms - seconds * 1000) * 1000000 + out->tv_nsec % 1000000;
	}
	return result;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}
