/* SPDX-License-Identifier: MIT */
#include "observe/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STAT_MOST = 1024, PATH_MOST = 64 };

static uint64_t count_fds(int64_t pid)
{
	char path[PATH_MOST];
	uint64_t count = 0;
	DIR *folder;

	snprintf(path, sizeof path, "/proc/%" PRId64 "/fd", pid);
	folder = opendir(path);
	if (folder == NULL)
		return 0;
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

/* The line of /proc/PID/stat behind the name of the program, which may hold anything; NULL when there is none. */
static const char *read_stat(int64_t pid, char line[static STAT_MOST])
{
	char path[PATH_MOST];
	const char *end;
	ssize_t length;
	int fd;

	snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	length = read(fd, line, STAT_MOST - 1);
	close(fd);
	line[length < 0 ? 0 : length] = '\0';
	end = strrchr(line, ')');
	return end == NULL ? NULL : end + 1;
}

/* proc(5): after the name come state, then numbers, of which utime is the 11th, stime the next, rss the 21st. */
bool process_usage(int64_t pid, struct process_usage *out)
{
	char line[STAT_MOST];
	const char *fields = read_stat(pid, line);
	uint64_t user, system, pages;

	if (fields == NULL ||
		sscanf(fields,
			" %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64 " %" SCNu64
			" %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
			&user, &system, &pages) != 3)
		return false;
	*out = (struct process_usage){
		.resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE),
		.cpu_us = (user + system) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK),
		.open_fds = count_fds(pid),
	};
	return true;
}
