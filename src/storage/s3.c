/* SPDX-License-Identifier: MIT */
#include "storage/s3.h"

#include "storage/s3_call.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static void s3_close(struct storage *storage)
{
	struct s3 *s3 = (struct s3 *)(void *)storage;

	transfer_close(s3->transfer);
	arena_free(&s3->arena);
	free(s3);
}

static const struct storage_backend backend = {
	.close = s3_close,
	.put = s3_put,
	.get = s3_get,
	.head = s3_head,
	.delete_all = s3_delete_all,
	.list = s3_list,
	.copy = s3_copy,
	.upload_begin = s3_upload_begin,
	.upload_parts = s3_upload_parts,
	.upload_complete = s3_upload_complete,
	.upload_abort = s3_upload_abort,
	.upload_list = s3_upload_list,
	.presign = s3_presign,
};

/* Names of S3's rules that are safe in a URL: [a-z0-9.-]{3,63}; old stores also had upper case and "_". */
static bool is_bucket(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t length = strlen(name);

	return length >= 3 && length <= 63 && strspn(name, good) == length && name[0] != '.' && name[0] != '-';
}

/* Takes the endpoint apart: http or https, a host, perhaps a port, and nothing else. */
static enum err read_endpoint(struct s3 *s3, const char *endpoint, struct err_info *info)
{
	const char *host = strncmp(endpoint, "https://", 8) == 0  ? endpoint + 8
			   : strncmp(endpoint, "http://", 7) == 0 ? endpoint + 7
								  : NULL;
	CURLU *url = curl_url();
	bool good = host != NULL && host[0] != '\0' && strpbrk(host, "/?#@ ") == NULL && url != NULL &&
		    curl_url_set(url, CURLUPART_URL, endpoint, 0) == CURLUE_OK;

	curl_url_cleanup(url);
	if (!good)
		return err_set(info, ERR_BAD_REQUEST,
			"the endpoint of an object store is https:// or http:// and a host, nothing behind it");
	s3->scheme = arena_memdup(&s3->arena, endpoint, (size_t)(host - endpoint));
	s3->host = s3->options.host_style ? arena_printf(&s3->arena, "%s.%s", s3->options.bucket, host)
					  : arena_strdup(&s3->arena, host);
	return ERR_OK;
}

enum err s3_open(const struct s3_options *options, struct storage **out, struct err_info *info)
{
	struct s3 *s3 = calloc(1, sizeof *s3);
	enum err err;

	*out = NULL;
	if (s3 == NULL)
		abort();
	s3->storage.backend = &backend;
	s3->options = *options;
	s3->options.bucket = arena_strdup(&s3->arena, options->bucket);
	s3->options.region = arena_strdup(&s3->arena, options->region);
	s3->options.endpoint = NULL;
	if (!is_bucket(options->bucket))
		err = err_set(info, ERR_BAD_REQUEST, "a bucket's name has 3 to 63 letters, digits, dots and hyphens");
	else if (options->payload == S3_PAYLOAD_UNSIGNED && strncmp(options->endpoint, "https://", 8) != 0)
		err = err_set(info, ERR_BAD_REQUEST, "bodies go unsigned to an https:// endpoint only");
	else
		err = read_endpoint(s3, options->endpoint, info);
	if (err == ERR_OK)
		err = transfer_open(&options->limits, &s3->transfer, info);
	if (err != ERR_OK) {
		s3_close(&s3->storage);
		return err;
	}
	*out = &s3->storage;
	return ERR_OK;
}
