/* SPDX-License-Identifier: MIT */
#include "http_stub.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MOST = 256, REQUEST_MOST = 32 << 20 };

struct http_stub {
	http_stub_handler *handler;
	void *context;
	int listener;
	char url[64];
	pthread_t thread, threads[CONNECTIONS_MOST];
	pthread_mutex_t lock; /* of the handler and the numbers */
	int connections, requests;
};

struct connection {
	struct http_stub *stub;
	int fd;
};

const char *http_stub_header(const struct http_stub_request *request, const char *name, char *out, size_t size)
{
	size_t length = strlen(name);

	out[0] = '\0';
	for (const char *line = request->head; *line != '\0'; line = strstr(line, "\r\n") + 2) {
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " ");
		snprintf(out, size, "%.*s", (int)strcspn(line, "\r"), line);
		break;
	}
	return out;
}

void http_stub_answer(struct buf *answer, const char *status, const char *headers, const char *body)
{
	buf_printf(answer, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(body), body);
}

/* Reads until IN has a whole head and body; false when the client went first. Returns the head's length. */
static bool read_request(int fd, struct buf *in, size_t *head, size_t *body)
{
	char bytes[65536];
	const char *end;

	for (;;) {
		end = in->length > 0 ? strstr(in->data, "\r\n\r\n") : NULL;
		if (end != NULL) {
			const char *length = strcasestr(in->data, "\r\nContent-Length:");

			*head = (size_t)(end - in->data) + 2;
			*body = length == NULL || length > end ? 0 : strtoul(length + 17, NULL, 10);
			if (in->length >= *head + 2 + *body)
				return true;
		}
		ssize_t got = read(fd, bytes, sizeof bytes);

		if (got <= 0)
			return false;
		buf_put(in, bytes, (size_t)got);
	}
}

static void answer_request(struct http_stub *stub, char *text, size_t head, size_t body, struct buf *out)
{
	struct http_stub_request request = {.body = text + head + 2, .body_length = body};
	char *method = strndup(text, head), *rest = strchr(method, ' '), *headers = strstr(method, "\r\n") + 2;

	*rest++ = '\0';
	rest[strcspn(rest, " ")] = '\0';
	request.method = method;
	request.target = rest;
	request.head = headers;
	pthread_mutex_lock(&stub->lock);
	stub->requests++;
	stub->handler(stub->context, &request, out);
	pthread_mutex_unlock(&stub->lock);
	free(method);
}

static bool write_all(int fd, const struct buf *out)
{
	for (size_t done = 0; done < out->length;) {
		ssize_t wrote = send(fd, out->data + done, out->length - done, MSG_NOSIGNAL);

		if (wrote <= 0)
			return false;
		done += (size_t)wrote;
	}
	return strstr(buf_text(out), "Connection: close") == NULL;
}

static void *serve_connection(void *context)
{
	struct connection *connection = context;
	struct buf in, out;
	size_t head, body;

	buf_init(&in, REQUEST_MOST);
	buf_init(&out, REQUEST_MOST);
	while (read_request(connection->fd, &in, &head, &body)) {
		char byte;

		buf_clear(&out);
		answer_request(connection->stub, in.data, head, body, &out);
		if (out.length == 0)
			while (read(connection->fd, &byte, 1) > 0)
				;
		if (out.length == 0 || !write_all(connection->fd, &out))
			break;
		buf_clear(&in);
	}
	buf_free(&in);
	buf_free(&out);
	close(connection->fd);
	free(connection);
	return NULL;
}

static void *accept_all(void *context)
{
	struct http_stub *stub = context;
	int fd;

	while ((fd = accept(stub->listener, NULL, NULL)) >= 0) {
		struct connection *connection = malloc(sizeof *connection);

		if (connection == NULL || stub->connections == CONNECTIONS_MOST)
			abort();
		*connection = (struct connection){stub, fd};
		if (pthread_create(&stub->threads[stub->connections], NULL, serve_connection, connection) != 0)
			abort();
		pthread_mutex_lock(&stub->lock);
		stub->connections++;
		pthread_mutex_unlock(&stub->lock);
	}
	return NULL;
}

struct http_stub *http_stub_start(http_stub_handler *handler, void *context)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	struct http_stub *stub = calloc(1, sizeof *stub);

	if (stub == NULL)
		abort();
	stub->handler = handler;
	stub->context = context;
	pthread_mutex_init(&stub->lock, NULL);
	stub->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(stub->listener, (struct sockaddr *)&address, length) != 0 || listen(stub->listener, 64) != 0 ||
		getsockname(stub->listener, (struct sockaddr *)&address, &length) != 0)
		abort();
	snprintf(stub->url, sizeof stub->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
	if (pthread_create(&stub->thread, NULL, accept_all, stub) != 0)
		abort();
	return stub;
}

void http_stub_stop(struct http_stub *stub)
{
	shutdown(stub->listener, SHUT_RDWR);
	pthread_join(stub->thread, NULL);
	for (int i = 0; i < stub->connections; i++)
		pthread_join(stub->threads[i], NULL);
	close(stub->listener);
	pthread_mutex_destroy(&stub->lock);
	free(stub);
}

const char *http_stub_url(const struct http_stub *stub)
{
	return stub->url;
}

int http_stub_connections(struct http_stub *stub)
{
	int count;

	pthread_mutex_lock(&stub->lock);
	count = stub->connections;
	pthread_mutex_unlock(&stub->lock);
	return count;
}

int http_stub_requests(struct http_stub *stub)
{
	int count;

	pthread_mutex_lock(&stub->lock);
	count = stub->requests;
	pthread_mutex_unlock(&stub->lock);
	return count;
}
