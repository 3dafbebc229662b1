/* SPDX-License-Identifier: MIT */
/*
 * A worker that does what its source tells it: it speaks the protocol of jobs/worker_protocol.h, well or badly, so that
 * tests can put the jobrunner through every fault. The source is a text of one command a line:
 *
 *     say TEXT        a report: the line as it is
 *     source          a good "source" report: 44,100 Hz stereo
 *     progress X      a good "progress" report
 *     done SAMPLES    a good "done" report
 *     failed SLUG TEXT
 *     make SAMPLES    writes every output: SAMPLES at 44,100 Hz, in the rate of the rendition
 *     halve           cuts every output to half of its bytes
 *     only N          from here on `make` and `halve` mean output N alone
 *     flood BYTES     one report line of so many bytes, without an end
 *     touch PATH      makes a file; its content is the process id
 *     count PATH      adds a line to a file
 *     wait PATH       until there is such a file
 *     look PATH       writes its environment and the numbers of its open descriptors there
 *     nap MS
 *     hang            for ever
 *     raise NUMBER    sends itself a signal
 *     exit STATUS
 *
 * A source that is sound in a RIFF file goes to the real worker beside it, so that one jobrunner can have both.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "jobs/worker_protocol.h"
#include "tests/fake_cmaf.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RATE = 44100, SCRIPT_MOST = 65536, DESCRIPTORS = 256 };

extern char **environ;

static json_t *job;
static int only = -1;

static void die(const char *what)
{
	fprintf(stderr, "fake worker: %s\n", what);
	exit(70);
}

static void report(const char *line)
{
	if (fs_write_all(WORKER_FD_REPORT, line, strlen(line), NULL) != ERR_OK ||
		fs_write_all(WORKER_FD_REPORT, "\n", 1, NULL) != ERR_OK)
		die("nobody reads the reports");
}

static void make(int fd, const json_t *wanted, uint64_t samples)
{
	struct conf_rendition rendition = {
		.bit_rate = json_integer_value(json_object_get(wanted, "bit_rate")),
		.sample_rate = json_integer_value(json_object_get(wanted, "sample_rate")),
		.channels = json_integer_value(json_object_get(wanted, "channels")),
	};
	uint64_t rate = (uint64_t)rendition.sample_rate;
	uint64_t segment_ms = (uint64_t)json_integer_value(json_object_get(job, "segment_ms"));
	struct err_info info = {0};

	if (fake_cmaf_write(fd, &rendition, samples * rate / RATE, segment_ms * rate / 1000 / FAKE_FRAME, &info) !=
		ERR_OK)
		die(info.detail);
}

static void for_outputs(const char *command, uint64_t samples)
{
	const json_t *renditions = json_object_get(job, "renditions");

	for (int i = 0; i < (int)json_array_size(renditions); i++) {
		int fd = WORKER_FD_OUTPUT + i;

		if (only >= 0 && only != i)
			continue;
		if (strcmp(command, "make") == 0)
			make(fd, json_array_get(renditions, (size_t)i), samples);
		else if (ftruncate(fd, lseek(fd, 0, SEEK_END) / 2) != 0)
			die("cannot cut an output");
	}
}

static void flood(uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++) {
		if (fs_write_all(WORKER_FD_REPORT, "x", 1, NULL) != ERR_OK)
			die("nobody reads the reports");
	}
}

static void touch(const char *path)
{
	char text[32];
	int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (fs_write_file(path, text, (size_t)length, 0600, NULL) != ERR_OK)
		die("cannot touch a file");
}

static void count(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || fs_write_all(fd, "run\n", 4, NULL) != ERR_OK)
		die("cannot count a run");
	close(fd);
}

static void wait_for(const char *path)
{
	while (access(path, F_OK) != 0)
		usleep(10000);
}

static void look(const char *path)
{
	struct buf text;

	buf_init(&text, SCRIPT_MOST);
	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			buf_printf(&text, "fd %d\n", fd);
	}
	for (char **entry = environ; *entry != NULL; entry++)
		buf_printf(&text, "env %s\n", *entry);
	buf_printf(&text, "session %d\n", getsid(0) == getpid());
	if (fs_write_file(path, text.data, text.length, 0600, NULL) != ERR_OK)
		die("cannot write what it sees");
	buf_free(&text);
}

static void report_done(uint64_t samples)
{
	char line[128];

	snprintf(line, sizeof line, "{\"event\":\"done\",\"duration_ms\":%" PRIu64 ",\"samples\":%" PRIu64 "}",
		samples * 1000 / RATE, samples);
	report(line);
}

static void report_failed(char *text)
{
	char line[1024];
	char *space = strchr(text, ' ');

	if (space == NULL)
		die("failed SLUG TEXT");
	*space = '\0';
	snprintf(line, sizeof line, "{\"event\":\"failed\",\"error\":\"%s\",\"detail\":\"%s\"}", text, space + 1);
	report(line);
}

static void obey(char *command)
{
	char *value = strchr(command, ' ');
	uint64_t number;
	char line[128];

	if (value == NULL)
		value = command + strlen(command);
	else
		*value++ = '\0';
	number = strtoull(value, NULL, 10);
	if (strcmp(command, "say") == 0) {
		report(value);
	} else if (strcmp(command, "source") == 0) {
		report("{\"event\":\"source\",\"format\":\"fake\",\"sample_rate\":44100,\"channels\":2,\"duration_ms\":"
		       "9000,"
		       "\"tags\":{\"title\":\"A fake\",\"year\":1999}}");
	} else if (strcmp(command, "progress") == 0) {
		snprintf(line, sizeof line,
			"{\"event\":\"progress\",\"stage\":\"transcode\",\"progress\":%.16s,\"speed\":2}", value);
		report(line);
	} else if (strcmp(command, "done") == 0) {
		report_done(number);
	} else if (strcmp(command, "failed") == 0) {
		report_failed(value);
	} else if (strcmp(command, "make") == 0 || strcmp(command, "halve") == 0) {
		for_outputs(command, number);
	} else if (strcmp(command, "only") == 0) {
		only = (int)number;
	} else if (strcmp(command, "flood") == 0) {
		flood(number);
	} else if (strcmp(command, "touch") == 0) {
		touch(value);
	} else if (strcmp(command, "count") == 0) {
		count(value);
	} else if (strcmp(command, "wait") == 0) {
		wait_for(value);
	} else if (strcmp(command, "look") == 0) {
		look(value);
	} else if (strcmp(command, "nap") == 0) {
		usleep((useconds_t)number * 1000);
	} else if (strcmp(command, "raise") == 0) {
		signal((int)number, SIG_DFL); /* a sanitizer would catch it and exit */
		raise((int)number);
	} else if (strcmp(command, "exit") == 0) {
		exit((int)number);
	} else if (strcmp(command, "hang") == 0) {
		for (;;)
			pause();
	} else {
		die("a command it does not know");
	}
}

/* Returns when SOURCE is a script. */
static void give_way(const char *source)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "/../tonearm-worker");
	char *end;

	if (strncmp(source, "RIFF", 4) != 0)
		return;
	path[length < 0 ? 0 : length] = '\0';
	end = strrchr(path, '/');
	if (end == NULL)
		die("it does not know where it is");
	memcpy(end, "/../tonearm-worker", sizeof "/../tonearm-worker");
	execl(path, path, NULL);
	die("there is no real worker");
}

int main(void)
{
	static char script[SCRIPT_MOST];
	char *rest = script, *line;

	if (pread(WORKER_FD_SOURCE, script, sizeof script - 1, 0) < 0)
		die("no source");
	give_way(script);
	job = json_loadfd(WORKER_FD_JOB, 0, NULL);
	if (job == NULL)
		die("no job");
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] != '\0')
			obey(line);
	}
	json_decref(job);
	return 0;
}
