/* SPDX-License-Identifier: MIT */
#include "jobs/spawn.h"

#include "base/fs.h"
#include "jobs/worker_protocol.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Above every number the worker uses, so that moving one descriptor into place never runs over another. */
enum { FD_HIGH = WORKER_FD_OUTPUT + WORKER_OUTPUTS_MOST, FD_PASSED_MOST = FD_HIGH, FD_LAST_RESORT = 4096 };

/* What the child needs, all made before fork(): after it only async-signal-safe calls are allowed. */
struct plan {
	const char *program;
	pid_t runner;
	int moves[FD_PASSED_MOST]; /* by number in the worker: our descriptor, >= FD_HIGH, or -1 */
	int end;                   /* first number the worker does not get */
	int status;                /* write end: errno of what failed */
};

static enum err pass(struct plan *plan, int number, int fd, struct err_info *info)
{
	plan->moves[number] = fcntl(fd, F_DUPFD_CLOEXEC, FD_HIGH);
	if (plan->moves[number] < 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "cannot pass a descriptor to the worker");
	return ERR_OK;
}

/* The job as a file in memory: a pipe of this size could block, a file on disk would have to be removed. */
static enum err job_file(const char *job, int *out, struct err_info *info)
{
	enum err err;

	*out = memfd_create("tonearm-job", MFD_CLOEXEC);
	if (*out < 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "cannot make the worker's job file");
	err = fs_write_all(*out, job, strlen(job), info);
	if (err == ERR_OK && lseek(*out, 0, SEEK_SET) != 0)
		err = err_set_errno(info, ERR_INTERNAL, errno, "cannot rewind the worker's job file");
	return err;
}

static void close_rest(int first)
{
	if (close_range((unsigned)first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* A kernel before 5.11. Our own descriptors are close-on-exec anyway: this is for those we inherited. */
	for (int fd = first; fd < FD_LAST_RESORT; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* In the child. Returns only when something failed. */
static void become_worker(const struct plan *plan)
{
	char *const arguments[] = {(char *)(uintptr_t)plan->program, NULL};
	char *const environment[] = {(char *)(uintptr_t)"PATH=/usr/bin:/bin", NULL};
	sigset_t none;

	if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return;
	if (getppid() != plan->runner) /* it died before the line above */
		_exit(1);
	for (int number = 0; number < plan->end; number++) {
		if (plan->moves[number] >= 0 && dup2(plan->moves[number], number) < 0)
			return;
	}
	close(STDOUT_FILENO);
	close_rest(plan->end);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		return;
	execve(plan->program, arguments, environment);
}

/* 0 when the program runs, else the errno of what failed. */
static int child_status(int fd)
{
	int status = 0;
	ssize_t got;

	do
		got = read(fd, &status, sizeof status);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof status ? status : 0;
}

static enum err fork_worker(struct plan *plan, struct worker *out, struct err_info *info)
{
	int ends[2];
	int failure;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "cannot make a pipe");
	plan->status = fcntl(ends[1], F_DUPFD_CLOEXEC, FD_HIGH);
	close(ends[1]);
	out->pid = plan->status < 0 ? -1 : fork();
	if (out->pid == 0) {
		become_worker(plan);
		failure = errno;
		if (write(plan->status, &failure, sizeof failure) < 0)
			_exit(126);
		_exit(127);
	}
	failure = out->pid < 0 ? errno : 0;
	if (plan->status >= 0)
		close(plan->status);
	if (out->pid > 0) {
		failure = child_status(ends[0]);
		if (failure != 0)
			waitpid(out->pid, NULL, 0);
	}
	close(ends[0]);
	if (failure == 0)
		return ERR_OK;
	out->pid = 0;
	return err_set_errno(info, ERR_IO, failure, "cannot run %s", plan->program);
}

enum err spawn_worker(const struct spawn *what, struct worker *out, struct err_info *info)
{
	struct plan plan = {.program = what->program, .runner = getpid()};
	int pipe_ends[2] = {-1, -1};
	int job = -1;
	enum err err;

	assert(what->output_count <= WORKER_OUTPUTS_MOST);
	*out = (struct worker){.reports = -1};
	memset(plan.moves, -1, sizeof plan.moves);
	plan.end = WORKER_FD_OUTPUT + (int)what->output_count;
	if (pipe2(pipe_ends, O_CLOEXEC) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "cannot make a pipe");
	if (fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK) != 0) {
		err = err_set_errno(info, ERR_INTERNAL, errno, "cannot set up a pipe");
		goto out;
	}
	err = job_file(what->job, &job, info);
	if (err == ERR_OK)
		err = pass(&plan, WORKER_FD_JOB, job, info);
	if (err == ERR_OK)
		err = pass(&plan, WORKER_FD_SOURCE, what->source, info);
	if (err == ERR_OK)
		err = pass(&plan, WORKER_FD_REPORT, pipe_ends[1], info);
	for (size_t i = 0; err == ERR_OK && i < what->output_count; i++)
		err = pass(&plan, WORKER_FD_OUTPUT + (int)i, what->outputs[i], info);
	if (err == ERR_OK)
		err = fork_worker(&plan, out, info);
out:
	for (size_t i = 0; i < FD_PASSED_MOST; i++) {
		if (plan.moves[i] >= 0)
			close(plan.moves[i]);
	}
	if (job >= 0)
		close(job);
	close(pipe_ends[1]);
	if (err == ERR_OK)
		out->reports = pipe_ends[0];
	else
		close(pipe_ends[0]);
	return err;
}

void spawn_kill(const struct worker *worker)
{
	/* It may not have come to setsid() yet; it is not reaped, so neither number can be another's. */
	if (worker->pid > 0) {
		kill(-worker->pid, SIGKILL);
		kill(worker->pid, SIGKILL);
	}
}
