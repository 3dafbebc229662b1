/* SPDX-License-Identifier: MIT */
#include "media/pipeline.h"

#include "media/demux.h"
#include "media/sound_stage.h"

#include <stdlib.h>
#include <string.h>

/* As many channels as the widest rendition will have: the sum that is measured is the one that is heard. */
static int widest(const struct pipeline_job *job, const struct source_info *source)
{
	for (size_t i = 0; i < job->count; i++) {
		int64_t channels = job->renditions[i].channels;

		if (channels > 1 || (channels == 0 && source->channels > 1))
			return 2;
	}
	return 1;
}

enum err pipeline_measure(const struct pipeline_job *job, struct pipeline_result *result, struct err_info *info)
{
	enum magic magic = magic_find_file(job->source);
	struct source_info *source = calloc(1, sizeof *source);
	struct sound_stage stage = {0};
	struct demux *demux = NULL;
	enum err err;

	if (source == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for this job");
	err = demux_open(job->source, magic, &demux, info);
	if (err == ERR_OK)
		err = probe(demux, magic, job->duration_s, source, info);
	demux_close(demux);
	if (err == ERR_OK) {
		job->on_source(job->context, source);
		err = sound_stage_measure(&stage, job, source, widest(job, source), 1, info);
	}
	if (err == ERR_OK) {
		*result = (struct pipeline_result){.samples = stage.passed,
			.sample_rate = source->sample_rate,
			.measured = true,
			.loudness = stage.loudness};
		memcpy(result->bins, stage.bins, sizeof result->bins);
	}
	free(source);
	return err;
}
