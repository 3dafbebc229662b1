/* SPDX-License-Identifier: MIT */
#include "cli/doctor.h"

#include "base/programs.h"
#include "jobs/worker_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ABOVE = 16, WAIT_MS = 5000, REPORT_MOST = 1024 };

/* A whole job with nothing in its source: the worker goes into its cage, looks, and must answer that this is no sound.
 */
static const char job_text[] =
	"{\"source_name\": \"doctor\", \"segment_ms\": 4000, \"limits\": {\"duration_s\": 60, \"memory\": 1073741824,"
	" \"cpu_s\": 10, \"output\": 1048576, \"nice\": 0}, \"renditions\": [{\"quality\": \"low\", \"codec\": \"aac\","
	" \"bit_rate\": 128000, \"sample_rate\": 44100, \"channels\": 2}]}";

/* A file without a name that holds TEXT, from its start, at a descriptor above those of the protocol; -1 on failure. */
static int text_fd(const char *text)
{
	int first = memfd_create("doctor", MFD_CLOEXEC);
	int fd = first >= 0 ? fcntl(first, F_DUPFD_CLOEXEC, ABOVE) : -1;

	if (first >= 0)
		close(first);
	if (fd >= 0 && pwrite(fd, text, strlen(text), 0) != (ssize_t)strlen(text)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Starts the worker at PATH with REPORT as the place of its reports; 0 or an errno. */
static int start_worker(const char *path, int job, int source, int report, int output, pid_t *pid)
{
	char *argv[] = {(char *)(uintptr_t)path, NULL}, *environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, job, WORKER_FD_JOB);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, source, WORKER_FD_SOURCE);
	posix_spawn_file_actions_adddup2(&actions, report, WORKER_FD_REPORT);
	posix_spawn_file_actions_adddup2(&actions, output, WORKER_FD_OUTPUT);
	failed = posix_spawn(pid, path, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static void judge(struct doctor *doctor, const char *path, const char *report)
{
	json_t *object = json_loads(report, JSON_DISABLE_EOF_CHECK, NULL);
	const char *error = json_string_value(json_object_get(object, "error"));
	const char *detail = json_string_value(json_object_get(object, "detail"));

	if (error == NULL)
		doctor_say(doctor, DOCTOR_FAIL, "sandbox",
			"run it by hand, or under strace: it dies before it can say why", "%s gives no answer", path);
	else if (strcmp(error, err_slug(ERR_INTERNAL)) == 0)
		doctor_say(doctor, DOCTOR_FAIL, "sandbox", "a kernel with seccomp is needed", "%s",
			detail != NULL ? detail : error);
	else
		doctor_say(doctor, DOCTOR_OK, "sandbox", NULL, "the worker runs in its cage");
	json_decref(object);
}

/* The first report of the worker in TEXT, "" when none came in time. Ends and reaps it. */
static void read_report(pid_t pid, int fd, char text[static REPORT_MOST])
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	ssize_t got = poll(&ready, 1, WAIT_MS) > 0 ? read(fd, text, REPORT_MOST - 1) : 0;

	text[got > 0 ? got : 0] = '\0';
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void doctor_worker(struct doctor *doctor)
{
	int job = text_fd(job_text), source = text_fd(""), output = text_fd(""), ends[2] = {-1, -1}, report = -1,
	    failed;
	char text[REPORT_MOST];
	const char *path;
	pid_t pid;

	if (programs_find("tonearm-worker", &doctor->cli->arena, &path, NULL) != ERR_OK)
		goto out;
	if (pipe2(ends, O_CLOEXEC) == 0)
		report = fcntl(ends[1], F_DUPFD_CLOEXEC, ABOVE);
	failed = job < 0 || source < 0 || output < 0 || report < 0
			 ? errno
			 : start_worker(path, job, source, report, output, &pid);
	if (failed != 0) {
		doctor_say(doctor, DOCTOR_FAIL, "sandbox", NULL, "%s cannot be started: %s", path, strerror(failed));
		goto out;
	}
	close(ends[1]);
	close(report);
	ends[1] = report = -1;
	read_report(pid, ends[0], text);
	judge(doctor, path, text);
out:
	for (size_t i = 0; i < 6; i++) {
		int fd = (int[]){job, source, output, ends[0], ends[1], report}[i];

		if (fd >= 0)
			close(fd);
	}
}
