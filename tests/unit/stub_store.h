/* SPDX-License-Identifier: MIT */
/* The configuration of a store that a stub of HTTP is. */
#ifndef TONEARM_TESTS_STUB_STORE_H
#define TONEARM_TESTS_STUB_STORE_H

#include "conf/conf.h"
#include "http_stub.h"

/* With DATA_DIR, which outlives it, as STUB does; what is to be kept here, and whether anything is sent, is left open. */
static inline struct conf stub_store_conf(const struct http_stub *stub, const char *data_dir)
{
	return (struct conf){.data_dir = data_dir,
		.store_endpoint = http_stub_url(stub),
		.store_bucket = "bucket",
		.store_region = "eu-test-1",
		.store_prefix = "",
		.store_style = "path",
		.store_checksum = "md5",
		.store_payload = "signed",
		.store_ca_file = "",
		.store_credentials = "",
		.store_profile = "",
		.store_silence_s = 60,
		.store_parallel = 1,
		.store_part_size = 5 << 20};
}

#endif
