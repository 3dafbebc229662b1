/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked;

static void note(int number)
{
	(void)number;
	asked = 1;
}

void interrupt_watch(void)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

bool interrupt_asked(void)
{
	return asked != 0;
}

void interrupt_sleep(int ms)
{
	if (!interrupt_asked())
		poll(NULL, 0, ms);
}
