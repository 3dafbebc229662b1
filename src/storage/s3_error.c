/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "storage/s3_call.h"
#include "storage/s3_xml.h"

#include <stdio.h>
#include <string.h>

struct answer {
	bool is_error;
	char code[64], message[128];
};

static void take(void *context, const char *path, const char *text)
{
	struct answer *answer = context;

	if (strcmp(path, "Error") == 0)
		answer->is_error = true;
	else if (strcmp(path, "Error/Code") == 0)
		snprintf(answer->code, sizeof answer->code, "%s", text);
	else if (strcmp(path, "Error/Message") == 0)
		snprintf(answer->message, sizeof answer->message, "%s", text);
}

/* Codes that say more than, or other than, their status. */
static const struct {
	const char *code;
	enum err err;
} codes[] = {
	{"BadDigest", ERR_IO},
	{"EntityTooLarge", ERR_TOO_LARGE},
	{"EntityTooSmall", ERR_UNPROCESSABLE},
	{"ExpiredToken", ERR_UNAUTHORIZED},
	{"IncompleteBody", ERR_IO},
	{"InvalidPart", ERR_CONFLICT},
	{"InvalidPartOrder", ERR_CONFLICT},
	{"NoSuchBucket", ERR_NOT_FOUND},
	{"NoSuchKey", ERR_NOT_FOUND},
	{"NoSuchUpload", ERR_NOT_FOUND},
	{"NotImplemented", ERR_UNSUPPORTED},
	{"OperationAborted", ERR_BUSY},
	{"QuotaExceeded", ERR_NO_SPACE},
	{"RequestTimeout", ERR_TIMEOUT},
	{"ServiceUnavailable", ERR_BUSY},
	{"SlowDown", ERR_BUSY},
	{"SlowDownRead", ERR_BUSY},
	{"SlowDownWrite", ERR_BUSY},
	{"Throttling", ERR_BUSY},
	{"ThrottlingException", ERR_BUSY},
	{"TooManyRequests", ERR_BUSY},
	{"XAmzContentSHA256Mismatch", ERR_IO},
};

static enum err of_status(long status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_FORBIDDEN;
	case 404:
		return ERR_NOT_FOUND;
	case 408:
	case 504:
		return ERR_TIMEOUT;
	case 409:
		return ERR_CONFLICT;
	case 411:
		return ERR_LENGTH_REQUIRED;
	case 412:
		return ERR_PRECONDITION;
	case 413:
		return ERR_TOO_LARGE;
	case 416:
		return ERR_RANGE;
	case 429:
	case 503:
		return ERR_BUSY;
	case 501:
		return ERR_UNSUPPORTED;
	case 507:
		return ERR_NO_SPACE;
	default:
		return status >= 500 || status < 300 ? ERR_IO : ERR_BAD_REQUEST;
	}
}

enum err s3_judge(struct s3 *s3, long status, const char *body, size_t length, const char *what, struct err_info *info)
{
	struct answer answer = {0};
	struct arena arena = {0};
	const char *message, *code;
	enum err err;

	/* A body that is no XML says nothing: then the status does. */
	if (length > 0 && memchr(body, '<', length) != NULL)
		s3_xml_walk(body, length, take, &answer, NULL);
	if (status >= 200 && status <= 299 && !answer.is_error)
		return ERR_OK;
	err = of_status(status);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		if (strcmp(answer.code, codes[i].code) == 0)
			err = codes[i].err;
	}
	if (err == ERR_UNAUTHORIZED)
		credentials_expire(s3->options.credentials);
	code = text_clean(answer.code, sizeof answer.code, &arena);
	message = text_clean(answer.message, sizeof answer.message, &arena);
	err_set(info, err, "%s: the object store answered %ld%s%s%s%s", what, status, code != NULL ? " " : "",
		code != NULL ? code : "", message != NULL ? ": " : "", message != NULL ? message : "");
	arena_free(&arena);
	return err;
}
