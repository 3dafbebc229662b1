/* SPDX-License-Identifier: MIT */
/*
 * A crowd of listeners: listeners PORT COUNT SECONDS RAMP_MS PATH TOKEN opens COUNT kept connections to 127.0.0.1
 * within RAMP_MS. Each asks for the master playlist PATH with TOKEN, for the one media playlist it names, its init
 * section and one segment after the other, each when the one before has been heard, from the beginning again at the
 * end, until SECONDS are over. Prints what it saw as JSON:
 *
 *     {"listeners", "requests", "bytes", "segments", "late": segments that came after they were due to be heard,
 *      "errors", "first_error", "start_ms": {"p50", "p95", "p99", "most"} from the connection to the first byte of sound,
 *      "segment_ms": the same, of whole segments}
 *
 * An error is any answer other than 200 and 206, of another length or beginning than it should have, and any connection
 * that breaks. The listener then ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MOST = 8192, TEXT_MOST = 1 << 20, URL_MOST = 1024, PIECES_MOST = 2048, EVENTS_MOST = 256, PORT_MOST = 65535 };

/* Those of an init section and of a segment are at the same place in a listener's answers: its second 4 bytes. */
static const char *const kinds[] = {"ftyp", "moof", "styp", "sidx"};

enum stage { BEFORE, MASTER, PLAYLIST, INIT, SEGMENT, PAUSE, OVER };

struct piece {
	uint64_t offset, length;
};

struct listener {
	int fd;
	enum stage stage;
	int64_t began_us, asked_us, due_us; /* due: when there is something to do in BEFORE and PAUSE */
	int64_t heard_us;                   /* when the segment that is fetched is due to be heard */
	char url[URL_MOST];                 /* of what is asked for */
	char media[URL_MOST];
	struct piece init, *pieces;
	size_t count, next;
	int64_t piece_us;
	bool started;

	char head[HEAD_MOST];
	size_t head_length;
	bool in_body;
	uint64_t body_length, body_at;
	char *text, mark[8]; /* a playlist's body; the first bytes of any other */
};

struct figures {
	int64_t *values;
	size_t count, room;
};

static struct {
	int epoll, port;
	const char *master, *token;
	int64_t end_us;
	uint64_t requests, bytes, segments, late, errors;
	char first_error[256];
	struct figures starts, fetches;
} crowd;

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void *must(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

static void add(struct figures *figures, int64_t value)
{
	if (figures->count == figures->room) {
		figures->room = figures->room * 2 + 1024;
		figures->values = must(realloc(figures->values, figures->room * sizeof *figures->values));
	}
	figures->values[figures->count++] = value;
}

static void leave(struct listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
	listener->stage = OVER;
	free(listener->text);
	listener->text = NULL;
}

__attribute__((format(printf, 2, 3))) static void fail(struct listener *listener, const char *format, ...)
{
	static const char *const names[] = {"-", "master", "playlist", "init", "segment", "pause", "-"};
	size_t used;
	va_list args;

	if (crowd.errors++ == 0) {
		used = (size_t)snprintf(crowd.first_error, sizeof crowd.first_error, "%s: ", names[listener->stage]);
		va_start(args, format);
		vsnprintf(crowd.first_error + used, sizeof crowd.first_error - used, format, args);
		va_end(args);
	}
	leave(listener);
}

/* Of BASE and REFERENCE, which may be a path or begin with "../". */
static void resolve(char out[static URL_MOST], const char *base, const char *reference, size_t length)
{
	size_t folder = strcspn(base, "?");

	while (folder > 0 && base[folder - 1] != '/')
		folder--;
	while (length >= 3 && strncmp(reference, "../", 3) == 0 && folder > 1) {
		reference += 3;
		length -= 3;
		for (folder--; folder > 0 && base[folder - 1] != '/';)
			folder--;
	}
	if (length > 0 && *reference == '/')
		folder = 0;
	snprintf(out, URL_MOST, "%.*s%.*s", (int)folder, base, (int)length, reference);
}

static void ask(struct listener *listener, enum stage stage, const char *url, const struct piece *piece)
{
	char text[2 * URL_MOST + 2048];
	int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n", url);

	if (stage == MASTER)
		length += snprintf(text + length, sizeof text - (size_t)length, "Authorization: Bearer %s\r\n", crowd.token);
	if (piece != NULL)
		length += snprintf(text + length, sizeof text - (size_t)length, "Range: bytes=%llu-%llu\r\n",
			(unsigned long long)piece->offset, (unsigned long long)(piece->offset + piece->length - 1));
	length += snprintf(text + length, sizeof text - (size_t)length, "\r\n");
	listener->stage = stage;
	listener->asked_us = now_us();
	listener->head_length = 0;
	listener->in_body = false;
	listener->body_at = 0;
	crowd.requests++;
	if (url != listener->url)
		snprintf(listener->url, sizeof listener->url, "%s", url);
	if (send(listener->fd, text, (size_t)length, MSG_NOSIGNAL) != length)
		fail(listener, "cannot ask: %s", strerror(errno));
}

static void begin(struct listener *listener)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)crowd.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = listener};
	int on = 1;

	listener->began_us = now_us();
	listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd < 0 || connect(listener->fd, (struct sockaddr *)&address, sizeof address) < 0) {
		fail(listener, "cannot connect: %s", strerror(errno));
		return;
	}
	setsockopt(listener->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, listener->fd, &event) < 0)
		fail(listener, "cannot watch: %s", strerror(errno));
	else
		ask(listener, MASTER, crowd.master, NULL);
}

/* The first line of TEXT that is no tag; its length in *LENGTH. */
static const char *first_address(const char *text, size_t *length)
{
	while (*text == '#' || *text == '\n')
		text += strcspn(text, "\n") + (*text == '\n' || text[strcspn(text, "\n")] == '\n');
	*length = strcspn(text, "\r\n");
	return text;
}

static bool read_piece(const char *text, struct piece *out)
{
	char *end;

	out->length = strtoull(text, &end, 10);
	if (*end != '@')
		return false;
	out->offset = strtoull(end + 1, NULL, 10);
	return out->length > 0;
}

/* The init section and all segments, which are of one file. */
static bool read_playlist(struct listener *listener)
{
	const char *map = strstr(listener->text, "#EXT-X-MAP:URI=\""), *address, *at = listener->text;
	const char *range = map == NULL ? NULL : strstr(map, "BYTERANGE=\"");
	const char *duration = strstr(listener->text, "#EXTINF:");

	if (range == NULL || duration == NULL || !read_piece(range + strlen("BYTERANGE=\""), &listener->init))
		return false;
	address = map + strlen("#EXT-X-MAP:URI=\"");
	resolve(listener->media, listener->url, address, strcspn(address, "\""));
	listener->piece_us = (int64_t)(strtod(duration + strlen("#EXTINF:"), NULL) * 1e6);
	listener->pieces = must(calloc(PIECES_MOST, sizeof *listener->pieces));
	while (listener->count < PIECES_MOST && (at = strstr(at, "#EXT-X-BYTERANGE:")) != NULL) {
		at += strlen("#EXT-X-BYTERANGE:");
		if (!read_piece(at, &listener->pieces[listener->count++]))
			return false;
	}
	listener->pieces = must(realloc(listener->pieces, listener->count * sizeof *listener->pieces));
	return listener->count > 1 && listener->piece_us > 0;
}

static void ask_segment(struct listener *listener)
{
	if (listener->next == listener->count)
		listener->next = 0;
	ask(listener, SEGMENT, listener->media, &listener->pieces[listener->next++]);
}

static void on_segment(struct listener *listener)
{
	int64_t now = now_us();

	crowd.segments++;
	add(&crowd.fetches, now - listener->asked_us);
	if (now > listener->heard_us)
		crowd.late++;
	listener->due_us = listener->heard_us;
	listener->heard_us += listener->piece_us;
	listener->stage = PAUSE;
}

static bool is_sound(const struct listener *listener)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (memcmp(listener->mark + 4, kinds[i], 4) == 0)
			return (i == 0) == (listener->stage == INIT);
	}
	return false;
}

/* The answer is complete: what comes next? */
static void go_on(struct listener *listener)
{
	const char *address;
	char url[URL_MOST];
	size_t length;

	if (listener->stage == MASTER) {
		address = first_address(listener->text, &length);
		resolve(url, listener->url, address, length);
		if (length == 0)
			fail(listener, "no playlist is named");
		else
			ask(listener, PLAYLIST, url, NULL);
	} else if (listener->stage == PLAYLIST) {
		if (read_playlist(listener))
			ask(listener, INIT, listener->media, &listener->init);
		else
			fail(listener, "not understood");
	} else if (!is_sound(listener)) {
		fail(listener, "the bytes are others than they should be");
	} else if (listener->stage == INIT) {
		ask_segment(listener);
	} else {
		on_segment(listener);
	}
}

static uint64_t wanted(const struct listener *listener)
{
	if (listener->stage == INIT)
		return listener->init.length;
	return listener->stage == SEGMENT ? listener->pieces[listener->next - 1].length : listener->body_length;
}

static bool read_head(struct listener *listener)
{
	int status = 0;
	const char *line = listener->head;

	listener->body_length = UINT64_MAX;
	if (sscanf(line, "HTTP/1.1 %d", &status) != 1 || (status != 200 && status != 206)) {
		fail(listener, "status %d", status);
		return false;
	}
	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			listener->body_length = strtoull(line + 15, NULL, 10);
	}
	if (listener->body_length != wanted(listener) || listener->body_length < 8 ||
		(listener->stage <= PLAYLIST && listener->body_length >= TEXT_MOST)) {
		fail(listener, "%llu bytes", (unsigned long long)listener->body_length);
		return false;
	}
	if (listener->stage <= PLAYLIST) {
		free(listener->text);
		listener->text = must(calloc(1, listener->body_length + 1));
	}
	listener->in_body = true;
	return true;
}

static void take_body(struct listener *listener, const char *bytes, size_t length)
{
	uint64_t left = listener->body_length - listener->body_at;

	if (length > left) {
		fail(listener, "more bytes than announced");
		return;
	}
	if (length > 0 && listener->stage == SEGMENT && !listener->started) {
		listener->started = true;
		listener->heard_us = now_us() + listener->piece_us;
		add(&crowd.starts, now_us() - listener->began_us);
	}
	if (listener->stage <= PLAYLIST)
		memcpy(listener->text + listener->body_at, bytes, length);
	for (size_t i = 0; i < length && listener->body_at + i < sizeof listener->mark; i++)
		listener->mark[listener->body_at + i] = bytes[i];
	listener->body_at += length;
	crowd.bytes += length;
	if (listener->body_at == listener->body_length)
		go_on(listener);
}

static void on_input(struct listener *listener)
{
	static char bytes[65536];
	ssize_t got = recv(listener->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	const char *end, *at = bytes;
	size_t take;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0 || listener->stage == PAUSE) {
		fail(listener, "the connection broke off");
		return;
	}
	if (!listener->in_body) {
		take = sizeof listener->head - 1 - listener->head_length;
		if (take > (size_t)got)
			take = (size_t)got;
		memcpy(listener->head + listener->head_length, bytes, take);
		listener->head[listener->head_length + take] = '\0';
		end = strstr(listener->head, "\r\n\r\n");
		if (end == NULL) {
			listener->head_length += take;
			return;
		}
		at = bytes + (end + 4 - listener->head) - listener->head_length;
		if (!read_head(listener))
			return;
	}
	take_body(listener, at, (size_t)(bytes + got - at));
}

/* Does what is due and tells when the next thing is. */
static int64_t turn(struct listener *listeners, size_t count, int64_t now)
{
	int64_t next = crowd.end_us;

	for (size_t i = 0; i < count; i++) {
		struct listener *listener = &listeners[i];

		if (listener->stage != BEFORE && listener->stage != PAUSE)
			continue;
		if (listener->due_us > now)
			next = listener->due_us < next ? listener->due_us : next;
		else if (listener->stage == BEFORE)
			begin(listener);
		else
			ask_segment(listener);
	}
	return next;
}

static int compare(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return (one > other) - (one < other);
}

static void print_figures(const char *name, struct figures *figures)
{
	static const struct {
		const char *name;
		size_t percent;
	} ranks[] = {{"p50", 50}, {"p95", 95}, {"p99", 99}, {"most", 100}};

	qsort(figures->values, figures->count, sizeof *figures->values, compare);
	printf(", \"%s\": {", name);
	for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
		size_t rank = (figures->count * ranks[i].percent + 99) / 100;

		printf("%s\"%s\": %.1f", i == 0 ? "" : ", ", ranks[i].name,
			figures->count == 0 ? -1.0 : (double)figures->values[rank - 1] / 1000);
	}
	printf("}");
}

static void report(size_t count)
{
	printf("{\"listeners\": %zu, \"requests\": %llu, \"bytes\": %llu, \"segments\": %llu, \"late\": %llu, "
	       "\"errors\": %llu, \"first_error\": \"%s\"",
		count, (unsigned long long)crowd.requests, (unsigned long long)crowd.bytes,
		(unsigned long long)crowd.segments, (unsigned long long)crowd.late, (unsigned long long)crowd.errors,
		crowd.first_error);
	print_figures("start_ms", &crowd.starts);
	print_figures("segment_ms", &crowd.fetches);
	printf("}\n");
}

static void run(struct listener *listeners, size_t count)
{
	struct epoll_event events[EVENTS_MOST];
	int64_t now;

	while ((now = now_us()) < crowd.end_us) {
		int64_t left = turn(listeners, count, now) - now;
		int ready = epoll_wait(crowd.epoll, events, EVENTS_MOST, left > 0 ? (int)((left + 999) / 1000) : 0);

		for (int i = 0; i < ready; i++)
			on_input(events[i].data.ptr);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct listener *listeners;
	size_t count;
	int64_t now = now_us(), ramp_us;

	if (argc != 7) {
		fprintf(stderr, "usage: listeners PORT COUNT SECONDS RAMP_MS PATH TOKEN\n");
		return 2;
	}
	crowd.port = atoi(argv[1]) & PORT_MOST;
	count = strtoul(argv[2], NULL, 10);
	crowd.end_us = now + strtoll(argv[3], NULL, 10) * 1000000;
	ramp_us = strtoll(argv[4], NULL, 10) * 1000;
	crowd.master = argv[5];
	crowd.token = argv[6];
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
	listeners = must(calloc(count, sizeof *listeners));
	for (size_t i = 0; i < count; i++) {
		listeners[i].fd = -1;
		listeners[i].due_us = now + ramp_us * (int64_t)i / (int64_t)count;
	}
	run(listeners, count);
	report(count);
	for (size_t i = 0; i < count; i++) {
		leave(&listeners[i]);
		free(listeners[i].pieces);
	}
	free(listeners);
	free(crowd.starts.values);
	free(crowd.fetches.values);
	close(crowd.epoll);
	return 0;
}
