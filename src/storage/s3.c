/* SPDX-License-Identifier: MIT */
#include "storage/s3.h"

#include "storage/s3_call.h"

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
	.put_each = s3_put_each,
	.head_each = s3_head_each,
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

enum err s3_open(const struct s3_options *options, struct storage **out, struct err_info *info)
{
	struct s3 *s3 = calloc(1, sizeof *s3);
	enum err err;

	*out = NULL;
	if (s3 == NULL)
		abort();
	s3->storage.backend = &backend;
	s3->options = *options;
	err = s3_address_read(options->endpoint, options->bucket, options->region, options->host_style, &s3->arena,
		&s3->address, info);
	s3->options.endpoint = s3->options.bucket = s3->options.region = NULL; /* the caller's */
	if (err == ERR_OK && options->payload == S3_PAYLOAD_UNSIGNED && strcmp(s3->address.scheme, "https://") != 0)
		err = err_set(info, ERR_BAD_REQUEST, "bodies go unsigned to an https:// endpoint only");
	if (err == ERR_OK)
		err = transfer_open(&options->limits, &s3->transfer, info);
	if (err != ERR_OK) {
		s3_close(&s3->storage);
		return err;
	}
	*out = &s3->storage;
	return ERR_OK;
}
