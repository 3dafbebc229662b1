/* SPDX-License-Identifier: MIT */
#include "fcgi/api.h"

#include "base/clock.h"
#include "conf/profile.h"

#include <math.h>

/* Members that are unknown are left out: NULL, and numbers that are 0. */
static void put_text(json_t *object, const char *name, const char *value)
{
	if (value != NULL)
		json_object_set_new(object, name, json_string(value));
}

static void put_number(json_t *object, const char *name, int64_t value)
{
	if (value != 0)
		json_object_set_new(object, name, json_integer(value));
}

static void put_time(json_t *object, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT];

	if (ms != 0)
		json_object_set_new(object, name, json_string(clock_rfc3339(ms, text)));
}

json_t *api_track_json(const struct track *track)
{
	json_t *object = json_object();

	put_text(object, "id", track->id);
	put_text(object, "visibility", track_visibility_name(track->visibility));
	put_text(object, "places", track->places);
	put_text(object, "state", track_state_name(track->state));
	json_object_set_new(object, "playable", json_boolean(track->state == TRACK_READY || track->growing));
	put_text(object, "failure", track->failure);
	put_text(object, "title", track->title);
	put_text(object, "artist", track->artist);
	put_text(object, "album", track->album);
	put_number(object, "number", track->number);
	put_number(object, "year", track->year);
	put_number(object, "duration_ms", track->duration_ms);
	put_number(object, "sample_rate", track->sample_rate);
	put_number(object, "channels", track->channels);
	put_text(object, "source_name", track->source_name);
	put_text(object, "source_format", track->source_format);
	put_number(object, "source_bytes", track->source_bytes);
	put_time(object, "created", track->created_ms);
	put_time(object, "updated", track->updated_ms);
	return object;
}

json_t *api_rendition_json(const struct request *request, const struct rendition *rendition)
{
	const struct profile *profile = profile_find(rendition->codec, rendition->container);
	json_t *object = json_object();

	put_text(object, "quality", rendition->quality);
	put_text(object, "codec", rendition->codec);
	put_text(object, "codecs", rendition->codecs);
	put_text(object, "container", rendition->container);
	put_text(object, "type", profile != NULL ? profile->type : NULL);
	put_number(object, "bit_rate", rendition->bit_rate);
	put_number(object, "average_bandwidth", rendition->average_bandwidth);
	put_number(object, "peak_bandwidth", rendition->peak_bandwidth);
	put_number(object, "sample_rate", rendition->sample_rate);
	put_number(object, "channels", rendition->channels);
	put_number(object, "timescale", rendition->timescale);
	put_number(object, "samples", (int64_t)rendition->samples);
	put_number(object, "bytes", (int64_t)rendition->file_size);
	json_object_set_new(
		object, "url", json_sprintf("%s/media/%s/%s", responder_root(request), rendition->track, rendition->file));
	return object;
}

/* Hundredths are more than anybody hears, and all that a measurement is good for. */
static json_t *hundredths(double value)
{
	return json_real(round(value * 100) / 100);
}

json_t *api_loudness_json(const struct loudness_row *row)
{
	const struct loudness *loudness = &row->loudness;
	json_t *object = json_object();

	json_object_set_new(object, "integrated_lufs", hundredths(loudness->integrated_lufs));
	json_object_set_new(object, "range_lu", hundredths(loudness->range_lu));
	json_object_set_new(object, "momentary_max_lufs", hundredths(loudness->momentary_max_lufs));
	json_object_set_new(object, "short_term_max_lufs", hundredths(loudness->short_term_max_lufs));
	json_object_set_new(object, "true_peak_dbtp", hundredths(loudness->true_peak_dbtp));
	json_object_set_new(object, "gain_db", hundredths(loudness->gain_db));
	json_object_set_new(object, "applied", json_boolean(loudness->applied));
	if (row->album != NULL)
		json_object_set_new(object, "album",
			json_pack("{s:s, s:o, s:o, s:o}", "name", row->album, "integrated_lufs",
				hundredths(row->album_lufs), "true_peak_dbtp", hundredths(row->album_peak_dbtp),
				"gain_db", hundredths(row->album_gain_db)));
	return object;
}

json_t *api_job_json(const struct job *job, int64_t now_ms)
{
	json_t *object = json_object();
	int64_t left = job_left_ms(job, now_ms);

	put_text(object, "id", job->id);
	put_text(object, "kind", job->kind);
	put_text(object, "track", job->track);
	put_text(object, "state", job_state_name(job->state));
	put_text(object, "stage", job->stage);
	json_object_set_new(object, "progress", json_real(job->progress));
	if (job->speed > 0)
		json_object_set_new(object, "speed", json_real(job->speed));
	if (left >= 0)
		json_object_set_new(object, "left_ms", json_integer(left));
	put_text(object, "error", job->error);
	put_number(object, "priority", job->priority);
	json_object_set_new(object, "attempts", json_integer(job->attempts));
	json_object_set_new(object, "max_attempts", json_integer(job->max_attempts));
	put_time(object, "run_after", job->run_after_ms);
	put_time(object, "created", job->created_ms);
	put_time(object, "updated", job->updated_ms);
	put_time(object, "started", job->started_ms);
	put_time(object, "finished", job->finished_ms);
	return object;
}

json_t *api_job_event_json(const struct job_event *event)
{
	json_t *object = json_object();

	json_object_set_new(object, "number", json_integer(event->number));
	put_time(object, "at", event->at_ms);
	put_text(object, "event", event->event);
	put_number(object, "attempt", event->attempt);
	put_text(object, "detail", event->detail);
	put_time(object, "due", event->due_ms);
	return object;
}

json_t *api_urls(const struct request *request, const char *track, const char *job)
{
	const char *root = responder_root(request);
	json_t *urls = json_object();

	if (track != NULL) {
		json_object_set_new(urls, "track", json_sprintf("%s/api/v1/tracks/%s", root, track));
		json_object_set_new(urls, "hls", json_sprintf("%s/hls/%s/master.m3u8", root, track));
		json_object_set_new(urls, "dash", json_sprintf("%s/dash/%s/manifest.mpd", root, track));
		json_object_set_new(urls, "stream", json_sprintf("%s/stream/%s.mp4", root, track));
	}
	if (job != NULL) {
		json_object_set_new(urls, "job", json_sprintf("%s/internal/jobs/%s", root, job));
		json_object_set_new(urls, "events", json_sprintf("%s/internal/jobs/%s/events", root, job));
	}
	return urls;
}

void api_put_tags(json_t *track, const char *tags)
{
	json_t *object = tags != NULL ? json_loads(tags, 0, NULL) : NULL;

	for (size_t i = 0; i < 2; i++) {
		static const char *const apart[] = {"chapters", "lyrics"};
		json_t *value = json_object_get(object, apart[i]);

		if (value != NULL)
			json_object_set(track, apart[i], value);
		json_object_del(object, apart[i]);
	}
	if (object != NULL)
		json_object_set_new(track, "tags", object);
}

void api_extra_urls(json_t *urls, const bool *found)
{
	const char *track = json_string_value(json_object_get(urls, "track"));

	if (found[EXTRA_WAVEFORM])
		json_object_set_new(urls, "waveform", json_sprintf("%s/waveform", track));
	if (found[EXTRA_COVER_MEDIUM])
		json_object_set_new(urls, "cover", json_sprintf("%s/cover", track));
}

void api_accepted(const struct request *request, struct response *response, const struct track *track,
	const struct job *job, const char *location)
{
	json_t *urls = api_urls(request, job->track, job->id);
	json_t *answer = json_object();

	if (track != NULL)
		json_object_set_new(answer, "track", api_track_json(track));
	json_object_set_new(answer, "job", api_job_json(job, job->updated_ms));
	json_object_set(answer, "urls", urls);
	response_status(response, 202);
	response_header(response, "Location", json_string_value(json_object_get(urls, location)));
	json_decref(urls);
	response_json(response, 202, answer);
}
