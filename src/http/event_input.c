/* SPDX-License-Identifier: MIT */
#include "http/event.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { IN_BYTES = 32 * 1024, GATHER_MOST = 4096, PARAMS_MOST = 256 * 1024, PARAMETERS_MOST = 1024 };

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

void event_forget(struct event_connection *connection)
{
	free(connection->parameters);
	connection->parameters = NULL;
	connection->parameter_count = 0;
	buf_free(&connection->params);
	buf_free(&connection->gathered);
	connection->phase = PHASE_IDLE;
	connection->body_left = 0;
	connection->aborted = false;
}

static const char *role_name(int role)
{
	return role == ROLE_AUTHORIZER ? "AUTHORIZER" : "RESPONDER";
}

const char *event_parameter(const struct event_connection *connection, const char *name, size_t skip)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < connection->parameter_count; i++) {
		const struct event_parameter *parameter = &connection->parameters[i];

		if (parameter->name_length == length && memcmp(parameter->name, name, length) == 0 && skip-- == 0)
			return parameter->value;
	}
	return skip == 0 && strcmp(name, "FCGI_ROLE") == 0 ? role_name(connection->role) : NULL; /* as libfcgi tells it */
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
	if (connection->phase == PHASE_IDLE)
		connection->closing = !keep;
	return put_end(connection, id, status);
}

static enum event_step begin(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	const unsigned char *content = (const unsigned char *)buf_text(&connection->gathered);
	int role;
	bool keep;

	if (connection->gathered.length != RECORD_BEGIN_CONTENT || piece->id == 0)
		return STEP_BAD;
	role = content[0] << 8 | content[1];
	keep = (content[2] & RECORD_KEEP_CONNECTION) != 0;
	if (connection->phase != PHASE_IDLE)
		return piece->id == connection->id ? STEP_BAD : refuse(connection, piece->id, keep, END_CANT_MULTIPLEX);
	if (role != ROLE_RESPONDER && role != ROLE_AUTHORIZER)
		return refuse(connection, piece->id, keep, END_UNKNOWN_ROLE);
	connection->phase = PHASE_PARAMS;
	connection->id = piece->id;
	connection->role = role;
	connection->keep = keep;
	connection->stdin_ended = false;
	buf_init(&connection->params, PARAMS_MOST);
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

static enum event_step take_parameters(struct event_connection *connection)
{
	struct buf *params = &connection->params;
	const char *at = buf_text(params), *end = at + params->length;
	size_t count = count_parameters(params);
	struct fcgi_record_pair pair;

	if (count > PARAMETERS_MOST)
		return STEP_BAD;
	connection->parameters = calloc(count + 1, sizeof *connection->parameters);
	if (connection->parameters == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		size_t value = (size_t)(at - buf_text(params));

		fcgi_record_pair(&at, end, &pair);
		if (value > 0)
			params->data[value] = '\0'; /* the value before ended here; this pair's lengths are read */
		connection->parameters[i] = (struct event_parameter){pair.name, pair.value, pair.name_length};
	}
	connection->parameter_count = count;
	connection->phase = PHASE_ANSWER;
	return STEP_REQUEST;
}

static enum event_step take_params(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	if (connection->phase != PHASE_PARAMS || piece->id != connection->id)
		return connection->refused ? STEP_MORE : STEP_BAD;
	if (piece->length == 0)
		return take_parameters(connection);
	buf_put(&connection->params, piece->bytes, piece->length);
	if (!connection->params.overflow)
		return STEP_MORE;
	log_message(LOG_WARNING, "a request with too many parameters is refused");
	event_forget(connection);
	return refuse(connection, connection->id, false, END_OVERLOADED);
}

static enum event_step take_stdin(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	if (piece->id != connection->id)
		return STEP_MORE;
	if (connection->phase == PHASE_PARAMS)
		return STEP_BAD;
	if (piece->length == 0)
		connection->stdin_ended = true;
	if (piece->length == 0 || connection->phase != PHASE_ANSWER)
		return STEP_MORE;
	connection->body = piece->bytes;
	connection->body_left = piece->length;
	return STEP_BODY;
}

static enum event_step take_abort(struct event_connection *connection, const struct fcgi_record_piece *piece)
{
	if (piece->id != connection->id)
		return STEP_MORE;
	if (connection->phase == PHASE_ANSWER)
		connection->aborted = true;
	if (connection->phase != PHASE_PARAMS)
		return STEP_MORE;
	event_forget(connection);
	connection->closing = !connection->keep;
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

enum event_step event_read(struct event_connection *connection)
{
	const unsigned char *at = connection->in + connection->in_at, *end = connection->in + connection->in_end;
	struct fcgi_record_piece piece;
	enum fcgi_record_result result;
	enum event_step step = STEP_MORE;

	if (connection->in == NULL)
		return STEP_MORE;
	while (step == STEP_MORE && !connection->aborted) {
		result = fcgi_record_read(&connection->reader, &at, end, &piece);
		connection->in_at = (size_t)(at - connection->in);
		if (result != RECORD_PIECE)
			return result == RECORD_BAD ? STEP_BAD : STEP_MORE;
		step = take(connection, &piece);
	}
	return step;
}

void event_skip(struct event_connection *connection)
{
	const unsigned char *at = connection->in + connection->in_at, *end = connection->in + connection->in_end;
	struct fcgi_record_piece piece;

	while (connection->in != NULL && fcgi_record_read(&connection->reader, &at, end, &piece) == RECORD_PIECE) {
		if (piece.type == RECORD_STDIN && piece.id == connection->id && piece.length == 0)
			connection->stdin_ended = true;
	}
	connection->in_at = connection->in_end = 0;
}
