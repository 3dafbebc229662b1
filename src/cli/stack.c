/* SPDX-License-Identifier: MIT */
#include "cli/stack.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/programs.h"
#include "cli/fetch.h"
#include "cli/lighttpd.h"
#include "cli/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { TEMPLATE_MOST = 256 << 10, READY_MS = 20000, ASK_MS = 2000, LOOK_MS = 50, GRACE_MS = 10000, EARLY_DEATHS = 4 };

static const char *const responders[] = {"manifest", "stream", "api", "auth"};
enum { RESPONDERS = sizeof responders / sizeof *responders, PROGRAMS = RESPONDERS + 2 };

struct stack {
	struct arena arena;
	const struct conf *conf;
	const char *url;
	bool page;
	int lock_fd, log_fd;
	int http_fd, socket_fds[RESPONDERS]; /* -1 when not open */
	struct supervisor_program programs[PROGRAMS];
	struct supervisor *supervisor;
};

/*
 * One serve a site: a second one would take the first one's sockets away. The lock goes with the process, however it
 * ends.
 */
static enum err lock_site(struct stack *stack, struct err_info *info)
{
	const char *path = conf_run_path(stack->conf, &stack->arena, "serve.lock");

	stack->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (stack->lock_fd < 0)
		return err_set_errno(info, ERR_IO, errno, "cannot make %s", path);
	if (flock(stack->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(info, ERR_CONFLICT, "this site is being served already (%s is locked)", path);
	return ERR_OK;
}

static enum err open_log(struct stack *stack, bool verbose, struct err_info *info)
{
	const char *path = conf_run_path(stack->conf, &stack->arena, "serve.log");

	if (verbose)
		return ERR_OK;
	stack->log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640);
	return stack->log_fd >= 0 ? ERR_OK : err_set_errno(info, ERR_IO, errno, "cannot make %s", path);
}

/* The page is a part that an installation may have been built without. */
static enum err find_page(struct stack *stack, const char **www, struct err_info *info)
{
	stack->page = programs_share("www", &stack->arena, www, NULL) == ERR_OK;
	if (stack->page)
		return ERR_OK;
	*www = conf_run_path(stack->conf, &stack->arena, "no-page");
	return fs_make_dirs(*www, 0750, info);
}

static enum err write_lighttpd_conf(struct stack *stack, const char *path, unsigned port, struct err_info *info)
{
	struct lighttpd_places places = {
		.address = "127.0.0.1", .port = port, .data = stack->conf->data_dir, .run = stack->conf->run_dir};
	const char *template_path;
	char *template = NULL;
	struct buf text;
	size_t length;
	enum err err = find_page(stack, &places.www, info);

	buf_init(&text, TEMPLATE_MOST * 2);
	if (err == ERR_OK)
		err = programs_share("conf-examples/lighttpd.conf", &stack->arena, &template_path, info);
	if (err == ERR_OK)
		err = fs_read_file(template_path, TEMPLATE_MOST, &template, &length, info);
	if (err == ERR_OK)
		err = lighttpd_conf(template, &places, &text, info);
	if (err == ERR_OK)
		err = fs_write_file(path, text.data, text.length, 0640, info);
	free(template);
	buf_free(&text);
	return err;
}

/* The vector of a program: PATH and up to three words, in the arena. */
static char **make_argv(struct stack *stack, const char *path, const char *first, const char *second, const char *third)
{
	const char *words[] = {path, first, second, third};
	char **argv = arena_array(&stack->arena, 5, sizeof *argv);

	for (size_t i = 0; i < 4 && words[i] != NULL; i++)
		argv[i] = arena_strdup(&stack->arena, words[i]);
	return argv;
}

static void set_program(
	struct stack *stack, size_t index, const char *name, char **argv, enum spawn_socket socket, int fd)
{
	stack->programs[index] = (struct supervisor_program){.name = arena_strdup(&stack->arena, name),
		.spawn = {.argv = argv,
			.socket = socket,
			.socket_fd = fd,
			.output_fd = stack->log_fd,
			.error_fd = stack->log_fd}};
}

static enum err prepare_lighttpd(struct stack *stack, unsigned port, struct err_info *info)
{
	const char *path, *conf = conf_run_path(stack->conf, &stack->arena, "lighttpd.conf");
	enum err err = programs_system("lighttpd", "lighttpd", &stack->arena, &path, info);

	if (err == ERR_OK)
		err = listen_loopback(&port, &stack->http_fd, info);
	if (err == ERR_OK)
		err = write_lighttpd_conf(stack, conf, port, info);
	if (err != ERR_OK)
		return err;
	stack->url = arena_printf(&stack->arena, "http://127.0.0.1:%u", port);
	set_program(stack, RESPONDERS, "lighttpd", make_argv(stack, path, "-D", "-f", conf), SPAWN_ACTIVATED,
		stack->http_fd);
	return ERR_OK;
}

static enum err prepare_responder(struct stack *stack, size_t index, struct err_info *info)
{
	const char *name = arena_printf(&stack->arena, "%s.fcgi", responders[index]), *path;
	const char *socket = conf_run_path(stack->conf, &stack->arena, "%s.sock", responders[index]);
	enum err err = programs_find(name, &stack->arena, &path, info);

	if (err == ERR_OK)
		err = listen_unix(socket, (int)stack->conf->http_backlog, &stack->socket_fds[index], info);
	if (err == ERR_OK)
		set_program(stack, index, name, make_argv(stack, path, NULL, NULL, NULL), SPAWN_STDIN,
			stack->socket_fds[index]);
	return err;
}

static enum err prepare_runner(struct stack *stack, struct err_info *info)
{
	const char *path;
	enum err err = programs_find("tonearm-jobrunner", &stack->arena, &path, info);

	if (err == ERR_OK)
		set_program(stack, RESPONDERS + 1, "tonearm-jobrunner", make_argv(stack, path, NULL, NULL, NULL),
			SPAWN_NO_SOCKET, -1);
	return err;
}

enum err stack_open(const struct stack_options *options, struct stack **out, struct err_info *info)
{
	struct stack *stack = calloc(1, sizeof *stack);
	enum err err;

	if (stack == NULL)
		abort();
	stack->conf = options->conf;
	stack->lock_fd = stack->log_fd = stack->http_fd = -1;
	for (size_t i = 0; i < RESPONDERS; i++)
		stack->socket_fds[i] = -1;
	/* Every program reads the configuration of this environment. */
	setenv("TONEARM_CONF", options->conf->path, 1);
	err = fs_make_dirs(options->conf->run_dir, 0750, info);
	if (err == ERR_OK)
		err = lock_site(stack, info);
	if (err == ERR_OK)
		err = open_log(stack, options->verbose, info);
	if (err == ERR_OK)
		err = prepare_lighttpd(stack, options->port, info);
	for (size_t i = 0; err == ERR_OK && i < RESPONDERS; i++)
		err = prepare_responder(stack, i, info);
	if (err == ERR_OK)
		err = prepare_runner(stack, info);
	if (err != ERR_OK) {
		stack_close(stack);
		stack = NULL;
	} else {
		stack->supervisor = supervisor_open(stack->programs, PROGRAMS, options->note, options->context);
	}
	*out = stack;
	return err;
}

const char *stack_url(const struct stack *stack)
{
	return stack->url;
}

bool stack_has_page(const struct stack *stack)
{
	return stack->page;
}

static bool answers(struct fetch *fetch, const char *url)
{
	struct fetch_answer answer = {0};
	enum err err;

	buf_init(&answer.body, 0);
	err = fetch_get(fetch, url, NULL, ASK_MS, &answer, NULL);
	buf_free(&answer.body);
	return err == ERR_OK && answer.status == 200;
}

enum err stack_start(struct stack *stack, struct err_info *info)
{
	const char *health = arena_printf(&stack->arena, "%s/healthz", stack->url);
	const char *log = stack->log_fd >= 0 ? conf_run_path(stack->conf, &stack->arena, "serve.log") : "above";
	int64_t deadline = clock_monotonic_us() + (int64_t)READY_MS * 1000;
	struct fetch *fetch;
	enum err err = fetch_open(&fetch, info);

	while (err == ERR_OK) {
		if (supervisor_step(stack->supervisor, LOOK_MS) != 0)
			err = err_set(info, ERR_ABORTED, "stopped before it was ready");
		else if (supervisor_deaths(stack->supervisor) >= EARLY_DEATHS)
			err = err_set(info, ERR_INTERNAL, "a program does not stay up; the log says why: %s", log);
		else if (answers(fetch, health))
			break;
		else if (clock_monotonic_us() > deadline)
			err = err_set(info, ERR_TIMEOUT, "%s does not answer; the log may say why: %s", health, log);
	}
	fetch_close(fetch);
	return err;
}

void stack_run(struct stack *stack)
{
	while (supervisor_step(stack->supervisor, -1) == 0)
		;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void stack_close(struct stack *stack)
{
	if (stack == NULL)
		return;
	if (stack->supervisor != NULL)
		supervisor_stop(stack->supervisor, GRACE_MS);
	supervisor_close(stack->supervisor);
	for (size_t i = 0; i < RESPONDERS; i++) {
		if (stack->socket_fds[i] >= 0)
			unlink(conf_run_path(stack->conf, &stack->arena, "%s.sock", responders[i]));
		close_fd(stack->socket_fds[i]);
	}
	close_fd(stack->http_fd);
	close_fd(stack->log_fd);
	close_fd(stack->lock_fd);
	arena_free(&stack->arena);
	free(stack);
}
