/* SPDX-License-Identifier: MIT */
#include "jobs/notify.h"

#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_manager(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct err_info info = {0};
	size_t length;
	int fd;

	if (name == NULL || (name[0] != '/' && name[0] != '@'))
		return;
	length = strlen(name);
	if (length >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
		err_set_errno(&info, ERR_IO, errno, "cannot write to the notify socket");
		log_failure(LOG_WARNING, "the service manager was not told", &info);
	}
	close(fd);
}

static int64_t number_of(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long long value;

	if (text == NULL || text[0] == '\0')
		return 0;
	errno = 0;
	value = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' && value > 0 ? value : 0;
}

int64_t notify_watchdog_us(void)
{
	int64_t pid = number_of("WATCHDOG_PID");

	return pid == 0 || pid == getpid() ? number_of("WATCHDOG_USEC") / 2 : 0;
}
