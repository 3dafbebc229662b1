/* SPDX-License-Identifier: MIT */
/*
 * The cage of a process that opens strangers' files. After sandbox_enter() it can compute, read and write the
 * descriptors it has, and start threads; it cannot open a path, start a program, reach a network or look into another
 * process, whatever code runs in it.
 *
 * Layers, each enough by itself for its part: no new privileges, no capability, and never root; an empty network
 * namespace and Landlock without any path, where the kernel gives them to us; a system call filter (seccomp), which is
 * required. Calls that only an attacker makes (starting a program, a socket, ptrace ...) kill the process, so that the
 * attempt is seen; all others that are not on the list, opening files among them, fail with EPERM, since libraries may
 * try them and do without.
 *
 * Anything that must be read from files (locale, time zone, shared objects) has to be read before. Linux only.
 */
#ifndef TONEARM_JOBS_SANDBOX_H
#define TONEARM_JOBS_SANDBOX_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct sandbox_limits {
	uint64_t memory; /* bytes of address space; not applied in sanitizer builds, whose shadow memory is larger than
			    any limit */
	uint64_t output; /* bytes that any file may grow to */
	uint64_t cpu_s;  /* seconds of processor time: SIGXCPU then, SIGKILL some seconds later */
	int nice;        /* added to the niceness, 0 to 19 */
};

/*
 * Sets resource limits, also on open descriptors and core files, for the whole process. RLIMIT_NPROC is left alone: it
 * counts all processes of the user and our own threads, and the filter below forbids new processes anyway. ERR_INTERNAL
 * with the call that failed.
 */
enum err sandbox_limit(const struct sandbox_limits *limits, struct err_info *info);

/* Whom root becomes. */
struct sandbox_user {
	uid_t uid; /* never 0 */
	gid_t gid;
};

/*
 * Closes the cage, for all threads and for good. Root becomes USER, without supplementary groups; another user stays
 * who he is. No capability is left, and none can come back. ERR_INTERNAL when the filter cannot be installed or root
 * cannot become USER: nothing must be opened then. Call while the process has one thread.
 */
enum err sandbox_enter(const struct sandbox_user *user, struct err_info *info);

#endif
