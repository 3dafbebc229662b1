/* SPDX-License-Identifier: MIT */
/*
 * Errors. A function that can fail returns enum err; ERR_OK is 0. The reason a person can act on travels
 * beside it in a struct err_info that the caller owns. One table (err.c) maps each code to its HTTP status,
 * its RFC 9457 problem type, its title and the exit code of a command.
 */
#ifndef TONEARM_BASE_ERR_H
#define TONEARM_BASE_ERR_H

enum err {
	ERR_OK = 0,
	ERR_BAD_REQUEST,     /* 400: the request cannot be understood */
	ERR_UNAUTHORIZED,    /* 401: no credential, or one that is not valid */
	ERR_FORBIDDEN,       /* 403: a credential that does not reach this far */
	ERR_PLACE,           /* 403: not from where the request comes */
	ERR_NOT_FOUND,       /* 404 */
	ERR_METHOD,          /* 405 */
	ERR_SLOW,            /* 408: the request did not come in time */
	ERR_CONFLICT,        /* 409: the state of the thing forbids it */
	ERR_LENGTH_REQUIRED, /* 411 */
	ERR_PRECONDITION,    /* 412 */
	ERR_TOO_LARGE,       /* 413: past a configured limit */
	ERR_URI_TOO_LONG,    /* 414 */
	ERR_UNSUPPORTED,     /* 415: a media type or format we do not take */
	ERR_RANGE,           /* 416 */
	ERR_UNPROCESSABLE,   /* 422: understood, but its content is wrong */
	ERR_LOCKED,          /* 423: somebody else is at work on it; try again */
	ERR_TOO_MANY,        /* 429 */
	ERR_HEADERS,         /* 431 */
	ERR_CHECKSUM,        /* 460: what came is not what the sender says it is (tus 1.0) */
	ERR_INTERNAL,        /* 500: a bug, or a system call that should not fail */
	ERR_IO,              /* 500: reading or writing failed */
	ERR_NO_MEMORY,       /* 503 */
	ERR_BUSY,            /* 503: locked, queue full; try again (Retry-After) */
	ERR_NOT_READY,       /* 503: still in the works; try again (Retry-After) */
	ERR_TIMEOUT,         /* 504 */
	ERR_NO_SPACE,        /* 503: a disk is emptied some day */
	ERR_ABORTED,         /* 499: the peer went away, or the work was cancelled */
	ERR_COUNT
};

/* The reason that goes with an enum err. A zeroed one is empty. */
struct err_info {
	enum err code;
	char detail[256]; /* one sentence, UTF-8, no secrets, cut at the end when too long */
	const char *why;  /* which of the reasons that a code has: a static slug, for counters; NULL when not told */
};

/*
 * Fills INFO (may be NULL) with CODE and the formatted sentence, and returns CODE, so that a caller can
 * write `return err_set(info, ERR_NOT_FOUND, "...")`.
 */
enum err err_set(struct err_info *info, enum err code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* There was no error after all: ERR_OK, and INFO (may be NULL) says so. */
enum err err_clear(struct err_info *info);
/* As err_set(), with the slug WHY ("expired"), which is kept. */
enum err err_set_why(struct err_info *info, enum err code, const char *why, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* As err_set(), with ": " and strerror(ERRNUM) appended. ENOSPC and EDQUOT turn CODE into ERR_NO_SPACE. */
enum err err_set_errno(struct err_info *info, enum err code, int errnum, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* HTTP status code, 200 for ERR_OK. */
int err_http_status(enum err code);

/* Stable slug, e.g. "not-found": the last part of the problem type URI, and the metric label. Static. */
const char *err_slug(enum err code);

/* The slug of the reason of CODE in INFO (may be NULL); that of CODE itself when none is told. Static. */
const char *err_why(enum err code, const struct err_info *info);

/* Short title, e.g. "Not found" (RFC 9457 section 3.1.3). Static. */
const char *err_title(enum err code);

/* Exit status of a command: 0 ok, 1 failed, 2 usage or bad input, 3 not found, 4 not permitted, 5 try again later. */
int err_exit_code(enum err code);

#endif
