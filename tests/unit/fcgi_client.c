/* SPDX-License-Identifier: MIT */
#include "fcgi_client.h"

#include "base/fs.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BEGIN_REQUEST = 1, END_REQUEST = 3, PARAMS = 4, STDIN = 5, STDOUT = 6, STDERR = 7, HEADER_BYTES = 8 };
enum { REPLY_MOST = 64 * 1024 * 1024, START_MS = 10000 };

int fcgi_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert(fd >= 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

void fcgi_server_start(struct fcgi_server *server, struct serve_options *options)
{
	strcpy(server->folder, "/tmp/tonearm-test-XXXXXX");
	assert(mkdtemp(server->folder) != NULL);
	snprintf(server->socket, sizeof server->socket, "%s/socket", server->folder);
	options->socket = server->socket;
	fflush(NULL);
	server->pid = fork();
	assert(server->pid >= 0);
	if (server->pid == 0) {
		struct err_info info = {0};
		enum err code = serve(options, &info);

		if (code != ERR_OK)
			fprintf(stderr, "# serve: %s\n", info.detail);
		exit(code == ERR_OK ? 0 : 1);
	}
	for (int waited = 0; waited < START_MS; waited += 5) {
		int fd = fcgi_connect(server->socket);

		if (fd >= 0) {
			close(fd);
			return;
		}
		usleep(5000);
	}
	fputs("# the responder did not start\n", stderr);
	abort();
}

int fcgi_server_stop(struct fcgi_server *server)
{
	int status = -1;

	kill(server->pid, SIGTERM);
	waitpid(server->pid, &status, 0);
	fs_remove_tree(server->folder, NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void fcgi_put_record(struct buf *out, int type, const void *content, size_t length)
{
	buf_put_u8(out, 1);
	buf_put_u8(out, (uint8_t)type);
	buf_put_be16(out, 1);
	buf_put_be16(out, (uint16_t)length);
	buf_put_be16(out, 0);
	buf_put(out, content, length);
}

static void put_length(struct buf *out, size_t length)
{
	if (length < 128)
		buf_put_u8(out, (uint8_t)length);
	else
		buf_put_be32(out, (uint32_t)length | 0x80000000U);
}

static void put_stream(struct buf *out, int type, const char *bytes, size_t length)
{
	enum { PIECE = 60000 };

	for (size_t at = 0; at < length; at += PIECE)
		fcgi_put_record(out, type, bytes + at, length - at < PIECE ? length - at : PIECE);
	fcgi_put_record(out, type, "", 0);
}

void fcgi_put_request(struct buf *out, bool keep, const char *const params[], const void *body, size_t length)
{
	const unsigned char begin[8] = {0, 1, keep, 0, 0, 0, 0, 0};
	struct buf pairs;

	buf_init(&pairs, 1 << 20);
	for (; *params != NULL; params++) {
		const char *value = strchr(*params, '=') + 1;

		put_length(&pairs, (size_t)(value - 1 - *params));
		put_length(&pairs, strlen(value));
		buf_put(&pairs, *params, (size_t)(value - 1 - *params));
		buf_puts(&pairs, value);
	}
	fcgi_put_record(out, BEGIN_REQUEST, begin, sizeof begin);
	put_stream(out, PARAMS, buf_text(&pairs), pairs.length);
	put_stream(out, STDIN, body, length);
	buf_free(&pairs);
}

bool fcgi_send(int fd, const void *bytes, size_t length, size_t piece)
{
	const char *at = bytes;

	while (length > 0) {
		size_t want = piece > 0 && piece < length ? piece : length;
		ssize_t put = send(fd, at, want, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		at += put;
		length -= (size_t)put;
	}
	return true;
}

/* Reads exactly LENGTH bytes; sets closed or quiet and returns false when they do not come. */
static bool read_all(int fd, unsigned char *bytes, size_t length, int quiet_ms, struct fcgi_reply *reply)
{
	size_t used = 0;

	while (used < length) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (poll(&ready, 1, quiet_ms) == 0) {
			reply->quiet = true;
			return false;
		}
		got = read(fd, bytes + used, length - used);
		if (got <= 0) {
			reply->closed = true;
			if (used > 0)
				reply->fault = "a record broke off";
			return false;
		}
		used += (size_t)got;
	}
	return true;
}

static void take_record(
	struct fcgi_reply *reply, const unsigned char *header, const unsigned char *content, size_t length)
{
	if (header[0] != 1 || header[2] != 0 || header[3] != 1) {
		reply->fault = "wrong version or request id";
	} else if (reply->ended) {
		reply->fault = "a record after the end";
	} else if (header[1] == END_REQUEST && length == 8) {
		reply->ended = true;
		reply->app_status = (uint32_t)content[0] << 24 | (uint32_t)content[1] << 16 |
				    (uint32_t)content[2] << 8 | content[3];
		reply->protocol_status = content[4];
	} else if (header[1] == STDOUT && !reply->out_ended) {
		reply->out_ended = length == 0;
		buf_put(&reply->out, content, length);
	} else if (header[1] == STDERR) {
		buf_put(&reply->err, content, length);
	} else {
		reply->fault = "an unexpected record";
	}
}

void fcgi_receive(int fd, bool keep, int quiet_ms, struct fcgi_reply *reply)
{
	static unsigned char content[65536 + 256];
	unsigned char header[HEADER_BYTES];

	*reply = (struct fcgi_reply){.protocol_status = -1};
	buf_init(&reply->out, REPLY_MOST);
	buf_init(&reply->err, REPLY_MOST);
	while (reply->fault == NULL && !(keep && reply->ended)) {
		size_t length;

		if (!read_all(fd, header, sizeof header, quiet_ms, reply))
			return;
		length = (size_t)header[4] << 8 | header[5];
		if (!read_all(fd, content, length + header[6], quiet_ms, reply))
			return;
		take_record(reply, header, content, length);
	}
}

void fcgi_exchange(
	const char *path, const char *const params[], const void *body, size_t length, struct fcgi_reply *reply)
{
	struct buf request;
	int fd = fcgi_connect(path);

	assert(fd >= 0);
	buf_init(&request, REPLY_MOST);
	fcgi_put_request(&request, false, params, body, length);
	fcgi_send(fd, request.data, request.length, 0);
	fcgi_receive(fd, false, 20000, reply);
	buf_free(&request);
	close(fd);
}

void fcgi_reply_free(struct fcgi_reply *reply)
{
	buf_free(&reply->out);
	buf_free(&reply->err);
}

const char *cgi_body(const struct buf *out, size_t *length)
{
	const char *text = buf_text(out);
	const char *end = strstr(text, "\r\n\r\n");

	if (end == NULL) {
		*length = 0;
		return "";
	}
	*length = out->length - (size_t)(end + 4 - text);
	return end + 4;
}

/* Steps to the header line after AT; NULL past the last. */
static const char *next_line(const char *at)
{
	const char *end = strstr(at, "\r\n");

	return end == NULL || strncmp(end, "\r\n\r\n", 4) == 0 ? NULL : end + 2;
}

int cgi_header_count(const struct buf *out, const char *name)
{
	int count = 0;

	for (const char *at = buf_text(out); at != NULL; at = next_line(at))
		count += strncasecmp(at, name, strlen(name)) == 0 && at[strlen(name)] == ':';
	return count;
}

const char *cgi_header(const struct buf *out, const char *name)
{
	static char value[4096];

	for (const char *at = buf_text(out); at != NULL; at = next_line(at)) {
		if (strncasecmp(at, name, strlen(name)) != 0 || at[strlen(name)] != ':')
			continue;
		at += strlen(name) + 1;
		at += strspn(at, " ");
		snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
		return value;
	}
	return NULL;
}

int cgi_status(const struct buf *out)
{
	const char *value = cgi_header(out, "Status");

	return value == NULL ? -1 : atoi(value);
}
