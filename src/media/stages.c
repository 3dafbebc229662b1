/* SPDX-License-Identifier: MIT */
#include "media/stages.h"

#include "media/ape.h"
#include "media/held.h"
#include "media/watch.h"

#include <sched.h>
#include <stdlib.h>

/*
 * Frames between the decoder and an encoder: 1.5 s of 44.1 kHz stereo, half a megabyte, shared by the renditions of a
 * format.
 */
enum { QUEUE_FRAMES = 64 };

/* WANTED with the rate and channels of SOURCE where it leaves them to it. */
static struct conf_rendition as_source(const struct conf_rendition *wanted, const struct source_info *source)
{
	struct conf_rendition rendition = *wanted;

	if (rendition.sample_rate == 0)
		rendition.sample_rate = source->sample_rate;
	if (rendition.channels == 0)
		rendition.channels = source->channels > 2 ? 2 : source->channels;
	return rendition;
}

static bool changes_sound(const struct sound *sound)
{
	return sound != NULL && (sound->mode == SOUND_APPLY || sound->filter != NULL);
}

/* Looks through the source when a rendition could be made of its packets. */
static enum err look_through(struct pipeline *pipeline, struct err_info *info)
{
	const struct pipeline_job *job = pipeline->job;
	bool worth = false;

	pipeline->survey.source = survey_foresee(pipeline->demux);
	for (size_t i = 0; i < job->count; i++) {
		struct err_info why;

		worth = worth || passthrough_foresee(&pipeline->survey.source, &job->renditions[i],
					 changes_sound(job->sound), &why) == ERR_OK;
	}
	if (!worth)
		return ERR_OK;
	pipeline->before = WATCH_PASS_PART;
	return survey_run(job, &pipeline->source, &pipeline->survey, info);
}

/* Whether rendition INDEX is made of the source's packets; who asked hears why not. */
static bool passes(const struct pipeline *pipeline, size_t index)
{
	const struct pipeline_job *job = pipeline->job;
	struct err_info why = {0};
	bool fits;

	if (!job->passthrough)
		return false;
	fits = passthrough_check(&pipeline->survey.source, &job->renditions[index], changes_sound(job->sound), &why) ==
	       ERR_OK;
	if (job->on_passthrough != NULL)
		job->on_passthrough(job->context, index, fits ? NULL : why.detail);
	return fits;
}

/* Whether A takes longer than B, which both can be shared by a relay: with most codecs time grows with the bit rate. */
static bool takes_longer(const struct conf_rendition *a, const struct conf_rendition *b)
{
	const struct relay_manner *manner = relay_manner(a), *other = relay_manner(b);

	return manner != other ? manner < other : a->bit_rate > b->bit_rate;
}

/*
 * The rendition that takes longest of those whose work a relay can share: it may be the only one, or take as long as
 * all others together. The count of them when there is none.
 */
static size_t widest(const struct pipeline_job *job)
{
	size_t found = job->count;

	for (size_t i = 0; i < job->count; i++) {
		if (relay_manner(&job->renditions[i]) != NULL &&
			(found == job->count || takes_longer(&job->renditions[i], &job->renditions[found])))
			found = i;
	}
	return found;
}

/*
 * Encoders for the rendition at INDEX. A relay is one also where a single core runs, as its files are the same
 * everywhere; those of a lossless one are also the same without it.
 */
static size_t encoders_for(const struct pipeline_job *job, size_t index)
{
	cpu_set_t cores;
	int count;

	if (index != widest(job))
		return 1;
	count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
	if (count < 2)
		return job->renditions[index].bit_rate == 0 ? 1 : 2;
	return count < RELAY_SPANS_MOST ? (size_t)count : RELAY_SPANS_MOST;
}

static enum err open_branch(struct pipeline *pipeline, size_t index, struct err_info *info)
{
	const struct pipeline_job *job = pipeline->job;
	struct conf_rendition rendition = as_source(&job->renditions[index], &pipeline->source);
	struct branch *branch = &pipeline->branches[index];

	branch->pipeline = pipeline;
	queue_init(&branch->queue, QUEUE_FRAMES);
	pipeline->branch_count++;
	if (!passes(pipeline, index))
		return output_open(&branch->output, &rendition, encoders_for(job, index), pipeline->source.bits,
			job->outputs[index], info);
	branch->filter = FILTER_NONE;
	return output_open_pass(&branch->output, &rendition, &pipeline->survey, pipeline->demux->stream->codecpar,
		job->outputs[index], info);
}

static enum err open_branches(struct pipeline *pipeline, struct err_info *info)
{
	enum err err = pipeline->job->passthrough ? look_through(pipeline, info) : ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < pipeline->job->count; i++)
		err = open_branch(pipeline, i, info);
	return err;
}

/* The filter for the format of BRANCH, made when there is none yet. */
static enum err attach_filter(struct pipeline *pipeline, struct branch *branch, struct err_info *info)
{
	int rate = (int)branch->output.sample_rate;
	int channels = (int)branch->output.channels;
	int frame = (int)branch->output.profile->frame_samples;
	enum err err;

	if (branch->filter == FILTER_NONE)
		return ERR_OK;
	for (branch->filter = 0; branch->filter < pipeline->filter_count; branch->filter++) {
		const struct filter *filter = pipeline->filters[branch->filter];

		if (filter->sample_rate == rate && filter->channels == channels && filter->frame_samples == frame)
			return ERR_OK;
	}
	err = filter_open(rate, channels, frame, &pipeline->filters[pipeline->filter_count], info);
	if (err == ERR_OK)
		pipeline->filters[pipeline->filter_count++]->gain = pipeline->sound.gain;
	return err;
}

/* The branch that sets the segment boundaries for the format of OF: that of the lowest rate. */
static const struct branch *pace_maker(const struct pipeline *pipeline, const struct branch *of)
{
	const struct branch *lowest = of;

	for (size_t i = 0; i < pipeline->branch_count; i++) {
		const struct branch *branch = &pipeline->branches[i];

		if (branch->output.profile == of->output.profile &&
			branch->output.pace_rate < lowest->output.pace_rate)
			lowest = branch;
	}
	return lowest;
}

static enum err start_outputs(struct pipeline *pipeline, struct err_info *info)
{
	uint64_t duration_ms = pipeline->source.duration_ms;
	enum err err = ERR_OK;

	/*
	 * A guessed length may be too short; the writer joins index entries when room runs out, so a wide margin is
	 * enough.
	 */
	if (!pipeline->source.duration_claimed)
		duration_ms = 2 * duration_ms + 10000;
	if (duration_ms / 1000 > pipeline->job->duration_s)
		duration_ms = (pipeline->job->duration_s + 1) * 1000;
	for (size_t i = 0; i < pipeline->branch_count && err == ERR_OK; i++) {
		struct branch *branch = &pipeline->branches[i];
		const struct output *pace = &pace_maker(pipeline, branch)->output;
		struct segment_plan plan = segment_plan_make(pipeline->job->segment_ms, pace->pace_rate,
			pace->profile->frame_samples, pace->pace_priming);

		err = attach_filter(pipeline, branch, info);
		if (err == ERR_OK)
			err = output_start(&branch->output, &plan, duration_ms, &pipeline->source.tags,
				pipeline->sound.tells, info);
	}
	return err;
}

static bool wants_waveform(const struct pipeline_job *job)
{
	return job->extras != NULL &&
	       (job->extras[EXTRA_WAVEFORM] >= 0 || job->extras[EXTRA_WAVEFORM_SPLIT] >= 0);
}

/* In as many channels as the widest rendition has; where none is made, as the usual one would have. */
static enum err open_sound(struct pipeline *pipeline, struct err_info *info)
{
	uint32_t channels = pipeline->branch_count == 0 && pipeline->source.channels > 1 ? 2 : 1;
	enum err err;

	for (size_t i = 0; i < pipeline->branch_count; i++)
		channels = pipeline->branches[i].output.channels > channels ? 2 : channels;
	err = sound_stage_open(&pipeline->sound, pipeline->job, &pipeline->source, (int)channels, info);
	if (pipeline->sound.passed > 0)
		pipeline->before = WATCH_PASS_PART;
	return err;
}

static enum err open_all(struct pipeline *pipeline, struct err_info *info)
{
	const struct pipeline_job *job = pipeline->job;
	enum magic magic = magic_find_file(job->source);
	enum err err = demux_open(job->source, magic, &pipeline->demux, info);

	if (err == ERR_OK)
		err = probe(pipeline->demux, magic, job->duration_s, &pipeline->source, info);
	if (err == ERR_OK && (magic == MAGIC_MP3 || magic == MAGIC_AAC))
		ape_read(job->source, &pipeline->source.tags);
	if (err == ERR_OK)
		err = decode_open(pipeline->demux, &pipeline->decode, info);
	if (err == ERR_OK && wants_waveform(job))
		err = waveform_tap_open(&pipeline->waveform, info);
	if (err != ERR_OK)
		return err;
	job->on_source(job->context, &pipeline->source);
	if (job->tags != NULL)
		tags_prefer(&pipeline->source.tags, job->tags);
	if (job->extras != NULL)
		err = artwork_find(pipeline->demux, &pipeline->artwork, info);
	if (err != ERR_OK)
		return err;
	err = open_branches(pipeline, info);
	if (err == ERR_OK)
		err = open_sound(pipeline, info);
	return err == ERR_OK ? start_outputs(pipeline, info) : err;
}

static struct pipeline *make_pipeline(const struct pipeline_job *job)
{
	struct pipeline *pipeline = calloc(1, sizeof *pipeline);
	pthread_condattr_t monotonic;

	if (pipeline == NULL)
		return NULL;
	pipeline->job = job;
	pthread_mutex_init(&pipeline->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pipeline->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return pipeline;
}

void stages_close(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->branch_count; i++) {
		struct branch *branch = &pipeline->branches[i];

		output_close(&branch->output);
		queue_free(&branch->queue, branch->filter == FILTER_NONE ? held_packet_free : held_frame_free);
	}
	for (size_t i = 0; i < pipeline->filter_count; i++)
		filter_close(pipeline->filters[i]);
	artwork_close(&pipeline->artwork);
	sound_stage_close(&pipeline->sound);
	waveform_tap_close(pipeline->waveform);
	decode_close(pipeline->decode);
	demux_close(pipeline->demux);
	pthread_cond_destroy(&pipeline->ended);
	pthread_mutex_destroy(&pipeline->lock);
	free(pipeline);
}

enum err stages_open(const struct pipeline_job *job, struct pipeline **out, struct err_info *info)
{
	enum err err;

	*out = make_pipeline(job);
	if (*out == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for this job");
	err = open_all(*out, info);
	if (err != ERR_OK) {
		stages_close(*out);
		*out = NULL;
	}
	return err;
}
