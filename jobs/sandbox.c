/* SPDX-License-Identifier: MIT */
#include "jobs/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/securebits.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS_MOST = 64, CPU_GRACE_S = 10 };

static enum err set_limit(
	__rlimit_resource_t what, uint64_t soft, uint64_t hard, const char *name, struct err_info *info)
{
	struct rlimit old;
	struct rlimit limit;

	if (getrlimit(what, &old) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "getrlimit(%s)", name);
	limit.rlim_max = old.rlim_max < hard ? old.rlim_max : hard;
	limit.rlim_cur = limit.rlim_max < soft ? limit.rlim_max : soft;
	if (setrlimit(what, &limit) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "setrlimit(%s)", name);
	return ERR_OK;
}

enum err sandbox_limit(const struct sandbox_limits *limits, struct err_info *info)
{
	enum err err = set_limit(RLIMIT_CPU, limits->cpu_s, limits->cpu_s + CPU_GRACE_S, "RLIMIT_CPU", info);

#ifndef TONEARM_SANITIZER
	if (err == ERR_OK)
		err = set_limit(RLIMIT_AS, limits->memory, limits->memory, "RLIMIT_AS", info);
#endif
	if (err == ERR_OK)
		err = set_limit(RLIMIT_FSIZE, limits->output, limits->output, "RLIMIT_FSIZE", info);
	if (err == ERR_OK)
		err = set_limit(RLIMIT_NOFILE, DESCRIPTORS_MOST, DESCRIPTORS_MOST, "RLIMIT_NOFILE", info);
	if (err == ERR_OK)
		err = set_limit(RLIMIT_CORE, 0, 0, "RLIMIT_CORE", info);
	if (err != ERR_OK)
		return err;
	/* -1 is also a niceness; a refusal costs other processes some time and nothing else. */
	errno = 0;
	if (nice(limits->nice) == -1 && errno != 0)
		errno = 0;
	return ERR_OK;
}

/*
 * No program that could be run, nor a change of the user, gives any back. Only who may, can: the filter forbids it to
 * all.
 */
static void bar_capabilities(void)
{
	(void)prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NO_CAP_AMBIENT_RAISE | SECURE_ALL_LOCKS, 0, 0, 0);
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		(void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

static enum err drop_capabilities(struct err_info *info)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	bar_capabilities();
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "the capabilities cannot be dropped");
	return ERR_OK;
}

/* The kernel forgets with the user whose death was to be ours too. */
static enum err become(const struct sandbox_user *user, struct err_info *info)
{
	pid_t parent = getppid();
	int deadly_signal = 0;

	(void)prctl(PR_GET_PDEATHSIG, &deadly_signal);
	if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
		setresuid(user->uid, user->uid, user->uid) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "root cannot become the user %ld (jobs.worker_user)",
			(long)user->uid);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, deadly_signal) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "prctl");
	if (deadly_signal != 0 && getppid() != parent)
		return err_set(info, ERR_INTERNAL, "the jobrunner is gone");
	return ERR_OK;
}

/*
 * No privileges, and an empty network namespace where the kernel allows one: to root, or by way of a user namespace, in
 * which we would have all capabilities.
 */
static enum err leave_privileges(const struct sandbox_user *user, struct err_info *info)
{
	bool alone = unshare(CLONE_NEWNET) == 0;
	enum err err = ERR_OK;

	if (geteuid() == 0 || getuid() == 0) {
		assert(user->uid != 0);
		bar_capabilities();
		err = become(user, info);
	}
	if (err == ERR_OK && !alone)
		(void)unshare(CLONE_NEWUSER | CLONE_NEWNET);
	return err == ERR_OK ? drop_capabilities(info) : err;
}

/* Landlock's first version (Linux 5.13): all ways to reach a file are handled, none is granted. */
static void leave_files(void)
{
	struct landlock_ruleset_attr rules = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
	long fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);

	if (fd < 0)
		return;
	(void)syscall(SYS_landlock_restrict_self, fd, 0);
	close((int)fd);
}

/* Memory, threads, time, signals to itself, and the descriptors it has. */
static const int allowed[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(ftruncate), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid),
	SCMP_SYS(getpid), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)};

/* No library tries these on its own: an attempt is an attack. */
static const int deadly[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(socket),
	SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(bpf),
	SCMP_SYS(io_uring_setup), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
	SCMP_SYS(reboot), SCMP_SYS(setuid), SCMP_SYS(setgid)};

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	int code = 0;

	for (size_t i = 0; i < count && code == 0; i++)
		code = seccomp_rule_add(filter, action, calls[i], 0);
	return code;
}

/* Calls that depend on their arguments. */
static int add_conditional(scmp_filter_ctx filter)
{
	int code;

	/* Memory, but never executable. */
	code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (code == 0)
		code = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* Threads, never processes. clone3() hides its flags behind a pointer; libc does without. */
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	/* abort() */
	if (code == 0)
		code = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return code;
}

static enum err filter_calls(struct err_info *info)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int code;

	if (filter == NULL)
		return err_set(info, ERR_INTERNAL, "no system call filter can be made");
	code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (code == 0)
		code = add_all(filter, SCMP_ACT_ALLOW, allowed, sizeof allowed / sizeof *allowed);
	if (code == 0)
		code = add_all(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof deadly / sizeof *deadly);
	if (code == 0)
		code = add_conditional(filter);
	if (code == 0)
		code = seccomp_load(filter);
	seccomp_release(filter);
	return code == 0 ? ERR_OK
			 : err_set_errno(info, ERR_INTERNAL, -code, "the system call filter cannot be installed");
}

enum err sandbox_enter(const struct sandbox_user *user, struct err_info *info)
{
	enum err err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_set_errno(info, ERR_INTERNAL, errno, "prctl");
	err = leave_privileges(user, info);
	if (err != ERR_OK)
		return err;
	leave_files();
	return filter_calls(info);
}
