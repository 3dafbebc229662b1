/* SPDX-License-Identifier: MIT */
#include "http/event.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	IN_BYTES = 32 * 1024,
	GATHER_MOST = 4096,
	PARAMS_MOST = 256 * 1024,
	PARAMETERS_MOST = 1024,
	REQUESTS_MOST = 64, /* of one connection, that wait */
	EARLY_MOST = 64 * 1024
};

struct event_parameter {
	const char *name, *value; /* the value ends with a NUL, the name does not */
	size_t name_length;
};

ssize_t event_receive(struct event_connection *connection)
{
	ssize_t got;

	assert(connection->in_at == connection->in_end && connection->body_left == 0);
	if (connection->in == NULL && (connection->in = malloc(IN_BYTES)) == NULL)
		abort();
	connection->in_at = connection->in_end = 0;
	do
		got = recv(connection->fd, connection->in, IN_BYTES, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? -1 : 0;
	connection->in_end = (size_t)got;
	return got;
}

static void clear(struct event_request *request)
{
	free(request->parameters);
	buf_free(&request->params);
	buf_free(&request->body);
}

void event_forget(struct event_connection *connection)
{
	unsigned id = connection->current.id;

	clear(&connection->current);
	connection->current = (struct event_request){.id = id};
	buf_free(&connection->early);
	connection->phase = PHASE_IDLE;
	connection->body_left = 0;
	connection->aborted = false;
}

/* Removes *PLACE, in the list of requests, and frees it. */
static void discard(struct event_request **place)
{
	struct event_request *request = *place;

	*place = request->next;
	clear(request);
	free(request);
}

void event_forget_all(struct event_connection *connection)
{
	event_forget(connection);
	buf_free(&connection->gathered);
	while (connection->requests != NULL)
		discard(&connection->requests);
}

void event_over(struct event_connection *connection, bool keep)
{
	connection->leaving |= !keep;
	connection->closing = connection->leaving && connection->phase == PHASE_IDLE && connection->requests == NULL;
}

/* Where the request ID that waits stands; where one more would when there is none. */
static struct event_request **find(struct event_connection *connection, unsigned id)
{
	struct event_request **place = &connection->requests;

	while (*place != NULL && (*place)->id != id)
		place = &(*place)->next;
	return place;
}

static const char *role_name(int role)
{
	return role == ROLE_AUTHORIZER ? "AUTHORIZER" : "RESPONDER";
}

const char *event_parameter(const struct event_connection *connection, const char *name, size_t skip)
{
	const struct event_request *request = &connection->current;
	size_t length = strlen(name);

	for (size_t i = 0; i < request->parameter_count; i++) {
		const struct event_parameter *parameter = &request->parameters[i];

		if (parameter->name_length == length && memcmp(parameter->name, name, length) == 0 && skip-- == 0)
			return parameter->value;
	}
	return skip == 0 && strcmp(name, "FCGI_ROLE") == 0 ? role_name(request->role) : NULL; /* as libfcgi tells it */
}

static enum event_step put_end(struct event_connection *connection, unsigned id, int status)
{
	unsigned char record[RECORD_END_SIZE];

	fcgi_record_end(record, id, status);
	return event_put(connection, record, sizeof record) ? STEP_OUTPUT : STEP_BAD;
}

/* Answers a request, which is not begun or forgotten, with nothing but STATUS. */
static enum event_step refuse(struct event_connection *connection, unsigned id, bool keep, int status)
{
	connection->refused = true;
	event_over(connection, keep);
	return put_end(connection, id, status);
}

static size_t count_requests(const struct event_connection *connection)
{
	size_t count = 0;

	for (const struct event_request *request = connection->requests; request != NULL; request = request->next)
		count++;
	return count;
}

static enum event_step begin(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	const unsigned char *content = (const unsigned char *)buf_text(&connection->gathered);
	struct event_request **place = find(connection, piece->id);
	int role;
	bool keep;

	if (connection->gathered.length != RECORD_BEGIN_CONTENT || piece->id == 0 || *place != NULL ||
		(connection->phase == PHASE_ANSWER && piece->id == connection->current.id))
		return STEP_BAD;
	role = content[0] << 8 | content[1];
	keep = (content[2] & RECORD_KEEP_CONNECTION) != 0;
	if (role != ROLE_RESPONDER && role != ROLE_AUTHORIZER)
		return refuse(connection, piece->id, keep, END_UNKNOWN_ROLE);
	if (count_requests(connection) == REQUESTS_MOST)
		return refuse(connection, piece->id, keep, END_OVERLOADED);
	*place = calloc(1, sizeof **place);
	if (*place == NULL)
		abort();
	(*place)->id = piece->id;
	(*place)->role = role;
	(*place)->keep = keep;
	buf_init(&(*place)->params, PARAMS_MOST);
	buf_init(&(*place)->body, EARLY_MOST);
	return STEP_MORE;
}

static enum event_step tell_values(struct event_connection *connection)
{
	unsigned char record[RECORD_VALUES_SIZE];
	size_t length = fcgi_record_values(
		record, buf_text(&connection->gathered), connection->gathered.length, EVENT_CONNECTIONS_MOST);

	return event_put(connection, record, length) ? STEP_OUTPUT : STEP_BAD;
}

/* Records whose content is needed whole. */
static enum event_step gather(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	struct buf *gathered = &connection->gathered;
	enum event_step step;

	if (gathered->limit == 0)
		buf_init(gathered, GATHER_MOST);
	buf_put(gathered, piece->bytes, piece->length);
	if (gathered->overflow)
		return STEP_BAD;
	if (!piece->last)
		return STEP_MORE;
	step = piece->type == RECORD_BEGIN_REQUEST ? begin(connection, piece) : tell_values(connection);
	buf_free(gathered);
	return step;
}

/* The number of pairs in the parameters; more than are borne when they are broken. */
static size_t count_parameters(const struct buf *params)
{
	const char *at = buf_text(params), *end = at + params->length;
	struct fcgi_record_pair pair;
	size_t count = 0;

	while (count <= PARAMETERS_MOST && fcgi_record_pair(&at, end, &pair))
		count++;
	return at == end ? count : PARAMETERS_MOST + 1;
}

static enum event_step take_parameters(struct event_request *request)
{
	struct buf *params = &request->params;
	const char *at = buf_text(params), *end = at + params->length;
	size_t count = count_parameters(params);
	struct fcgi_record_pair pair;

	if (count > PARAMETERS_MOST)
		return STEP_BAD;
	request->parameters = calloc(count + 1, sizeof *request->parameters);
	if (request->parameters == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		size_t value = (size_t)(at - buf_text(params));

		fcgi_record_pair(&at, end, &pair);
		if (value > 0)
			params->data[value] = '\0'; /* the value before ended here; this pair's lengths are read */
		request->parameters[i] = (struct event_parameter){pair.name, pair.value, pair.name_length};
	}
	request->parameter_count = count;
	request->ready = true;
	return STEP_MORE;
}

/* More came of the request at PLACE than is borne. */
static enum event_step overload(struct event_connection *connection, struct event_request **place, const char *what)
{
	unsigned id = (*place)->id;

	log_message(LOG_WARNING, what);
	discard(place);
	return refuse(connection, id, false, END_OVERLOADED);
}

static enum event_step take_params(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	struct event_request **place = find(connection, piece->id), *request = *place;

	if (request == NULL || request->ready)
		return connection->refused ? STEP_MORE : STEP_BAD;
	if (piece->length == 0)
		return take_parameters(request);
	buf_put(&request->params, piece->bytes, piece->length);
	return request->params.overflow
		? overload(connection, place, "a request with too many parameters is refused")
		: STEP_MORE;
}

/* Of a request that waits for its turn. */
static enum event_step take_early(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	struct event_request **place = find(connection, piece->id), *request = *place;

	if (request == NULL)
		return STEP_MORE;
	if (!request->ready)
		return STEP_BAD;
	request->stdin_ended |= piece->length == 0;
	buf_put(&request->body, piece->bytes, piece->length);
	return request->body.overflow
		? overload(connection, place, "a body that came long before the turn of its request is refused")
		: STEP_MORE;
}

/* Of a request that is answered already, what comes is dropped. */
static enum event_step take_stdin(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	bool current = piece->id == connection->current.id;

	connection->stdin_ended |= current && piece->length == 0;
	if (connection->phase != PHASE_ANSWER || !current)
		return take_early(connection, piece);
	if (piece->length == 0)
		return STEP_MORE;
	connection->body = piece->bytes;
	connection->body_left = piece->length;
	return STEP_BODY;
}

static enum event_step take_abort(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	struct event_request **place = find(connection, piece->id);
	bool keep;

	if (connection->phase == PHASE_ANSWER && piece->id == connection->current.id)
		connection->aborted = true;
	if (*place == NULL)
		return STEP_MORE;
	keep = (*place)->keep;
	discard(place);
	event_over(connection, keep);
	return put_end(connection, piece->id, END_COMPLETE);
}

static enum event_step take_unknown(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	unsigned char record[RECORD_END_SIZE];

	if (piece->id != 0 || !piece->last)
		return STEP_MORE;
	fcgi_record_unknown(record, piece->type);
	return event_put(connection, record, sizeof record) ? STEP_OUTPUT : STEP_BAD;
}

static enum event_step take(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	if (piece->type == RECORD_BEGIN_REQUEST || (piece->type == RECORD_GET_VALUES && piece->id == 0))
		return gather(connection, piece);
	if (piece->type == RECORD_PARAMS)
		return take_params(connection, piece);
	if (piece->type == RECORD_STDIN)
		return take_stdin(connection, piece);
	if (piece->type == RECORD_ABORT_REQUEST)
		return piece->last ? take_abort(connection, piece) : STEP_MORE;
	return take_unknown(connection, piece);
}

/* The first request that is ready has its turn, when nobody else has. */
static enum event_step turn(struct event_connection *connection)
{
	struct event_request **place = &connection->requests, *request;

	while (*place != NULL && !(*place)->ready)
		place = &(*place)->next;
	if (connection->phase != PHASE_IDLE || *place == NULL)
		return STEP_MORE;
	request = *place;
	*place = request->next;
	connection->current = *request;
	connection->early = request->body;
	connection->current.body = (struct buf){0};
	free(request);
	connection->body = (const unsigned char *)buf_text(&connection->early);
	connection->body_left = connection->early.length;
	connection->stdin_ended = connection->current.stdin_ended;
	connection->phase = PHASE_ANSWER;
	return STEP_REQUEST;
}

enum event_step event_read(struct event_connection *connection)
{
	const unsigned char *at, *end;
	struct fcgi_record_piece piece;
	enum fcgi_record_result result;
	enum event_step step = turn(connection);

	if (connection->in == NULL)
		return step;
	at = connection->in + connection->in_at;
	end = connection->in + connection->in_end;
	while (step == STEP_MORE && !connection->aborted) {
		result = fcgi_record_read(&connection->reader, &at, end, &piece);
		connection->in_at = (size_t)(at - connection->in);
		if (result != RECORD_PIECE)
			return result == RECORD_BAD ? STEP_BAD : STEP_MORE;
		step = take(connection, &piece);
		if (step == STEP_MORE)
			step = turn(connection);
	}
	return step;
}

void event_skip(struct event_connection *connection)
{
	const unsigned char *at, *end;
	struct fcgi_record_piece piece;

	if (connection->in == NULL)
		return;
	at = connection->in + connection->in_at;
	end = connection->in + connection->in_end;
	while (fcgi_record_read(&connection->reader, &at, end, &piece) == RECORD_PIECE) {
		if (piece.type == RECORD_STDIN && piece.id == connection->current.id && piece.length == 0)
			connection->stdin_ended = true;
	}
	connection->in_at = connection->in_end = 0;
}
