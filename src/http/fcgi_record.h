/* SPDX-License-Identifier: MIT */
/*
 * The records of FastCGI 1.0 (section 3 of its specification), read and written. Pure: bytes in, pieces out, no I/O
 * and no memory of its own.
 *
 *     bytes as they come ──► fcgi_record_read() ──► pieces of contents ──► fcgi_record_pair() ──► names and values
 *
 * A record may arrive in any number of parts; a piece is what is there of one record's content, so that nobody
 * needs to hold a whole record. Room-internal. Thread-safe where each thread has its own reader.
 */
#ifndef TONEARM_HTTP_FCGI_RECORD_H
#define TONEARM_HTTP_FCGI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fcgi_record_type {
	RECORD_BEGIN_REQUEST = 1,
	RECORD_ABORT_REQUEST = 2,
	RECORD_END_REQUEST = 3,
	RECORD_PARAMS = 4,
	RECORD_STDIN = 5,
	RECORD_STDOUT = 6,
	RECORD_STDERR = 7,
	RECORD_DATA = 8,
	RECORD_GET_VALUES = 9,
	RECORD_GET_VALUES_RESULT = 10,
	RECORD_UNKNOWN_TYPE = 11
};

enum fcgi_record_role { ROLE_RESPONDER = 1, ROLE_AUTHORIZER = 2, ROLE_FILTER = 3 };

/* protocolStatus of an END_REQUEST, section 5.5. */
enum fcgi_record_end { END_COMPLETE = 0, END_CANT_MULTIPLEX = 1, END_OVERLOADED = 2, END_UNKNOWN_ROLE = 3 };

enum {
	RECORD_HEADER = 8,
	RECORD_CONTENT_MOST = 65535,
	RECORD_BEGIN_CONTENT = 8,
	RECORD_END_SIZE = 16,     /* of a whole END_REQUEST or UNKNOWN_TYPE record */
	RECORD_VALUES_SIZE = 96,  /* no GET_VALUES_RESULT of ours is longer */
	RECORD_KEEP_CONNECTION = 1
};

/* Where the reading of one connection stands; all zero at first. */
struct fcgi_record_reader {
	unsigned char header[RECORD_HEADER];
	size_t have;    /* bytes of the header */
	size_t content; /* bytes of the record still to come */
	size_t padding;
};

/* A part of a record's content; the only one, of length 0, of an empty record. */
struct fcgi_record_piece {
	int type;
	unsigned id;
	const unsigned char *bytes; /* of the caller's input */
	size_t length;
	bool last; /* the record's content ends with it */
};

enum fcgi_record_result {
	RECORD_MORE,  /* the input is used up */
	RECORD_PIECE, /* *OUT is filled */
	RECORD_BAD    /* this is no FastCGI 1.0: nothing more can be read */
};

/* Reads on from *AT, which moves, up to END. */
enum fcgi_record_result fcgi_record_read(struct fcgi_record_reader *reader, const unsigned char **at,
	const unsigned char *end, struct fcgi_record_piece *out);

/* True between two records. */
bool fcgi_record_between(const struct fcgi_record_reader *reader);

/* A name and its value (section 3.4), both within the bytes they were read from. */
struct fcgi_record_pair {
	const char *name, *value;
	size_t name_length, value_length;
};

/*
 * Reads the pair at *AT and moves behind it. False at END, and when the pair is longer than what is there: *AT is not
 * END then.
 */
bool fcgi_record_pair(const char **at, const char *end, struct fcgi_record_pair *out);

/* The header of a record with LENGTH bytes of content and no padding. */
void fcgi_record_header(unsigned char out[static RECORD_HEADER], int type, unsigned id, size_t length);

/* END_REQUEST with application status 0; STATUS is an enum fcgi_record_end. */
void fcgi_record_end(unsigned char out[static RECORD_END_SIZE], unsigned id, int status);

/* UNKNOWN_TYPE for a management record of TYPE, section 4.2. */
void fcgi_record_unknown(unsigned char out[static RECORD_END_SIZE], int type);

/*
 * GET_VALUES_RESULT (section 4.1) for the names in QUERY, the content of a GET_VALUES record: of FCGI_MAX_CONNS and
 * FCGI_MAX_REQS, both MOST, and FCGI_MPXS_CONNS, 1, those that are asked for. Returns its length.
 */
size_t fcgi_record_values(unsigned char out[static RECORD_VALUES_SIZE], const char *query, size_t length, unsigned most);

#endif
