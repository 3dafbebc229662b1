/* SPDX-License-Identifier: MIT */
#include "model/job_kind.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* What a cache was not told it goes on giving away, and nobody else comes back to it: months, with the waits between. */
enum { PURGE_ATTEMPTS = 100000 };

static const struct job_kind kinds[] = {
	{"transcode", JOB_MEDIA, 0},
	{"prune-jobs", JOB_UPKEEP, 3},
	{"maintain-database", JOB_UPKEEP, 3},
	{"verify-media", JOB_UPKEEP, 3},
	{"prune-credentials", JOB_UPKEEP, 3},
	{"expire-uploads", JOB_UPKEEP, 3},
	{"prune-logs", JOB_UPKEEP, 3},
	{"sync", JOB_NETWORK, 12},
	{"sync-library", JOB_NETWORK, 3},
	{"expire-direct", JOB_NETWORK, 3},
	{"fetch", JOB_NETWORK, 0},
	{"purge", JOB_NETWORK, PURGE_ATTEMPTS},
};

const struct job_kind *job_kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

const char *job_class_name(enum job_class class)
{
	assert(class != JOB_CLASS_ALL);
	switch (class) {
	case JOB_MEDIA:
		return "media";
	case JOB_NETWORK:
		return "network";
	case JOB_UPKEEP:
		return "upkeep";
	case JOB_CLASS_ALL:
		break;
	}
	return NULL;
}
