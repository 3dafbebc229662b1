/* SPDX-License-Identifier: MIT */
#include "cli/view.h"

#include "base/clock.h"

/* NULL, also for 0: unknown. */
static json_t *time_json(int64_t ms)
{
	char text[CLOCK_TEXT];

	return ms == 0 ? json_null() : json_string(clock_rfc3339(ms, text));
}

static json_t *number_json(int64_t value)
{
	return value == 0 ? json_null() : json_integer(value);
}

json_t *view_track(const struct track *track)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:o, s:o, s:s?, s:s?, s:o, s:s?, s:o, s:o}",
		"id", track->id, "state", track_state_name(track->state), "visibility",
		track_visibility_name(track->visibility), "places", track->places, "title", track->title, "artist", track->artist, "album",
		track->album, "track", number_json(track->number), "year", number_json(track->year), "duration_ms",
		number_json(track->duration_ms), "sample_rate", number_json(track->sample_rate), "channels",
		number_json(track->channels), "source_name", track->source_name, "source_format", track->source_format,
		"source_bytes", number_json(track->source_bytes), "failure", track->failure, "created",
		time_json(track->created_ms), "updated", time_json(track->updated_ms));
}

json_t *view_rendition(const struct rendition *rendition)
{
	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I}", "quality", rendition->quality, "codec",
		rendition->codec, "bit_rate", number_json(rendition->bit_rate), "sample_rate",
		(json_int_t)rendition->sample_rate, "channels", (json_int_t)rendition->channels, "samples",
		(json_int_t)rendition->samples, "bytes", (json_int_t)rendition->file_size);
}

json_t *view_loudness(const struct loudness_row *row)
{
	const struct loudness *loudness = &row->loudness;

	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:b, s:s?}", "integrated_lufs", loudness->integrated_lufs,
		"range_lu", loudness->range_lu, "momentary_max_lufs", loudness->momentary_max_lufs,
		"short_term_max_lufs", loudness->short_term_max_lufs, "true_peak_dbtp", loudness->true_peak_dbtp,
		"gain_db", loudness->gain_db, "applied", (int)loudness->applied, "album", row->album);
}

json_t *view_job(const struct job *job, int64_t now_ms)
{
	int64_t left = job_left_ms(job, now_ms);

	return json_pack("{s:s, s:s, s:s?, s:s, s:f, s:s?, s:f, s:o, s:I, s:I, s:I, s:s?, s:o, s:o, s:o, s:o}", "id",
		job->id, "kind", job->kind, "track", job->track, "state", job_state_name(job->state), "progress",
		job->progress, "stage", job->stage, "speed", job->speed, "left_ms",
		left < 0 ? json_null() : json_integer(left), "priority", (json_int_t)job->priority, "attempts",
		(json_int_t)job->attempts, "max_attempts", (json_int_t)job->max_attempts, "error", job->error,
		"created", time_json(job->created_ms), "updated", time_json(job->updated_ms), "started",
		time_json(job->started_ms), "finished", time_json(job->finished_ms));
}

json_t *view_job_event(const struct job_event *event)
{
	return json_pack("{s:I, s:o, s:s, s:I, s:s?, s:o}", "number", (json_int_t)event->number, "at",
		time_json(event->at_ms), "event", event->event, "attempt", (json_int_t)event->attempt, "detail",
		event->detail, "due", time_json(event->due_ms));
}

enum term_style view_track_style(enum track_state state)
{
	switch (state) {
	case TRACK_READY:
		return TERM_GREEN;
	case TRACK_FAILED:
		return TERM_RED;
	case TRACK_PENDING:
		break;
	}
	return TERM_YELLOW;
}

enum term_style view_job_style(enum job_state state)
{
	switch (state) {
	case JOB_DONE:
		return TERM_GREEN;
	case JOB_FAILED:
	case JOB_DEAD:
		return TERM_RED;
	case JOB_RUNNING:
		return TERM_CYAN;
	case JOB_CANCELLED:
		return TERM_FAINT;
	case JOB_QUEUED:
		break;
	}
	return TERM_YELLOW;
}
