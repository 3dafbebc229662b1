/* SPDX-License-Identifier: MIT */
/* Each case runs in a child of its own, as the cage cannot be left again. */
#include "jobs/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What a child says by its exit status when it was not an errno. */
enum { ALLOWED = 0, NO_CAGE = 200 };

static const struct sandbox_user nobody = {.uid = 65534, .gid = 65534};

static int file = -1;

/*
 * Runs CALL in the cage; its exit status is the errno of the call, ALLOWED when it went through, or minus the signal
 * that ended it.
 */
static int in_cage(long (*call)(void))
{
	struct err_info info;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (sandbox_enter(&nobody, &info) != ERR_OK)
			_exit(NO_CAGE);
		_exit(call() < 0 ? errno : ALLOWED);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static long call_open(void)
{
#ifdef SYS_open
	return syscall(SYS_open, "/etc/passwd", O_RDONLY);
#else
	return open("/etc/passwd", O_RDONLY);
#endif
}

static long call_openat(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long call_openat_write(void)
{
	return open("/tmp/tonearm-sandbox-test", O_WRONLY | O_CREAT | O_EXCL, 0600);
}

static long call_openat2(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {0};

	return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how);
}

static long call_stat(void)
{
	struct stat status;

	return stat("/etc/passwd", &status);
}

static long call_unlink(void)
{
	return unlink("/nonexistent-tonearm");
}

static long call_kill(void)
{
	return kill(getppid(), 0);
}

static long call_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static long call_clone3(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};

	return syscall(SYS_clone3, &args, sizeof args);
}

static long call_mprotect(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? 0 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long call_mmap_exec(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long call_prlimit(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	return setrlimit(RLIMIT_CPU, &limit);
}

static void refuses_files_and_processes(void **state)
{
	(void)state;
	assert_int_equal(in_cage(call_open), EPERM);
	assert_int_equal(in_cage(call_openat), EPERM);
	assert_int_equal(in_cage(call_openat_write), EPERM);
	assert_int_equal(in_cage(call_openat2), EPERM);
	assert_int_equal(in_cage(call_stat), EPERM);
	assert_int_equal(in_cage(call_unlink), EPERM);
	assert_int_equal(in_cage(call_kill), EPERM);
	assert_int_equal(in_cage(call_clone), EPERM);
	assert_int_equal(in_cage(call_clone3), ENOSYS);
	assert_int_equal(in_cage(call_mprotect), EPERM);
	assert_int_equal(in_cage(call_mmap_exec), EPERM);
	assert_int_equal(in_cage(call_prlimit), EPERM);
}

static long call_execve(void)
{
	char *const nothing[] = {NULL};

	return execve("/bin/true", nothing, nothing);
}

static long call_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long call_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long call_connect(void)
{
	struct sockaddr address = {.sa_family = AF_UNSPEC};

	return connect(file, &address, sizeof address);
}

static long call_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long call_vm_read(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

#ifdef SYS_fork
static long call_fork(void)
{
	return syscall(SYS_fork);
}
#endif

static long call_unshare(void)
{
	return syscall(SYS_unshare, 0);
}

static void kills_attackers(void **state)
{
	(void)state;
	assert_int_equal(in_cage(call_execve), -SIGSYS);
	assert_int_equal(in_cage(call_socket), -SIGSYS);
	assert_int_equal(in_cage(call_unix_socket), -SIGSYS);
	assert_int_equal(in_cage(call_connect), -SIGSYS);
	assert_int_equal(in_cage(call_ptrace), -SIGSYS);
	assert_int_equal(in_cage(call_vm_read), -SIGSYS);
#ifdef SYS_fork
	assert_int_equal(in_cage(call_fork), -SIGSYS);
#endif
	assert_int_equal(in_cage(call_unshare), -SIGSYS);
}

static long call_descriptor(void)
{
	char byte = 'x';

	if (pwrite(file, &byte, 1, 0) != 1 || pread(file, &byte, 1, 0) != 1)
		return -1;
	return lseek(file, 0, SEEK_END);
}

static void *thread(void *context)
{
	return context;
}

static long call_thread(void)
{
	pthread_t id;

	errno = pthread_create(&id, NULL, thread, NULL);
	if (errno != 0)
		return -1;
	return pthread_join(id, NULL);
}

static long call_memory(void)
{
	void *block = malloc(64 << 20);

	if (block == NULL)
		return -1;
	free(block);
	return 0;
}

static long call_abort(void)
{
	abort();
}

static void lets_work_go_on(void **state)
{
	(void)state;
	assert_int_equal(in_cage(call_descriptor), ALLOWED);
	assert_int_equal(in_cage(call_thread), ALLOWED);
	assert_int_equal(in_cage(call_memory), ALLOWED);
	assert_int_equal(in_cage(call_abort), -SIGABRT);
}

static void limits_files_and_memory(void **state)
{
	struct sandbox_limits limits = {.memory = 256 << 20, .output = 1000, .cpu_s = 5, .nice = 1};
	struct rlimit limit;
	struct err_info info;
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGXFSZ, SIG_IGN);
		if (sandbox_limit(&limits, &info) != ERR_OK)
			_exit(1);
		if (pwrite(file, "x", 1, 1000) != -1 || errno != EFBIG)
			_exit(2);
#ifndef TONEARM_SANITIZER
		if (mmap(NULL, 512 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
			_exit(3);
#endif
		getrlimit(RLIMIT_CPU, &limit);
		if (limit.rlim_cur != 5 || limit.rlim_max <= 5)
			_exit(4);
		getrlimit(RLIMIT_NOFILE, &limit);
		if (limit.rlim_max > 64 || dup2(file, 100) != -1)
			_exit(5);
		getrlimit(RLIMIT_CORE, &limit);
		_exit(limit.rlim_max == 0 ? 0 : 6);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* What /proc says of a process in the cage, as USER was when it went in; into OUT. */
static void status_in_cage(uid_t user, char *out, size_t size)
{
	struct err_info info;
	int ends[2], fd, ending;
	ssize_t length;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (user != 0 && (setgroups(0, NULL) != 0 || setresgid(user, user, user) != 0 ||
					 setresuid(user, user, user) != 0))
			_exit(1);
		fd = open("/proc/self/status", O_RDONLY);
		if (fd < 0 || sandbox_enter(&nobody, &info) != ERR_OK)
			_exit(2);
		length = read(fd, out, size);
		_exit(length > 0 && write(ends[1], out, (size_t)length) == length ? 0 : 3);
	}
	close(ends[1]);
	length = read(ends[0], out, size - 1);
	assert_true(length > 0);
	out[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &ending, 0), child);
	assert_int_equal(ending, 0);
}

static void holds(const char *status, const char *line)
{
	if (strstr(status, line) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, status);
}

static void root_is_somebody_else_without_powers(void **state)
{
	static const char *const lines[] = {"\nUid:\t65534\t65534\t65534\t65534\n",
		"\nGid:\t65534\t65534\t65534\t65534\n", "\nGroups:\t \n", "\nCapInh:\t0000000000000000\n",
		"\nCapPrm:\t0000000000000000\n", "\nCapEff:\t0000000000000000\n", "\nCapBnd:\t0000000000000000\n",
		"\nCapAmb:\t0000000000000000\n", "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n"};
	char status[8192];

	(void)state;
	status_in_cage(0, status, sizeof status);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		holds(status, lines[i]);
}

static void others_have_no_powers_either(void **state)
{
	static const char *const lines[] = {"\nCapInh:\t0000000000000000\n", "\nCapPrm:\t0000000000000000\n",
		"\nCapEff:\t0000000000000000\n", "\nCapAmb:\t0000000000000000\n", "\nNoNewPrivs:\t1\n",
		"\nSeccomp:\t2\n"};
	char status[8192];

	(void)state;
	status_in_cage(geteuid() == 0 ? 12345 : 0, status, sizeof status);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		holds(status, lines[i]);
	if (geteuid() == 0)
		holds(status, "\nUid:\t12345\t12345\t12345\t12345\n");
}

static int open_file(void **state)
{
	char name[] = "/tmp/tonearm-sandbox-XXXXXX";

	(void)state;
	file = mkstemp(name);
	if (file < 0)
		return -1;
	return unlink(name);
}

static int close_file(void **state)
{
	(void)state;
	return close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_files_and_processes),
		cmocka_unit_test(kills_attackers),
		cmocka_unit_test(lets_work_go_on),
		cmocka_unit_test(limits_files_and_memory),
		cmocka_unit_test(others_have_no_powers_either),
		cmocka_unit_test(root_is_somebody_else_without_powers),
	};
	size_t count = sizeof tests / sizeof *tests;

	if (geteuid() != 0) {
		puts("# only root can become somebody else: the last test is left out");
		count--;
	}
	return _cmocka_run_group_tests("sandbox", tests, count, open_file, close_file);
}
