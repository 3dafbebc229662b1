/* SPDX-License-Identifier: MIT */
/*
 * What shall be done to the sound of a track on its way into renditions: an effect preset, and what follows from its
 * loudness. Chosen when the track comes in, by words of the upload over those of the configuration; kept in the payload
 * of the job, and handed to the worker with it, both times as the JSON object that sound_json() makes. No FFmpeg here.
 *
 *     "tags"   the sound stays as it is; it is measured, and players are told the gain: by the API and in the files
 *     "apply"  it is measured first, and the gain is in the renditions
 *     "off"    nothing is measured
 */
#ifndef TONEARM_MEDIA_SOUND_H
#define TONEARM_MEDIA_SOUND_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

#include <jansson.h>
#include <stdbool.h>

enum { SOUND_ALBUM_MOST = 256, SOUND_TRACKS_MOST = 999 };

enum sound_mode { SOUND_OFF, SOUND_TAGS, SOUND_APPLY };

/* A zeroed one does nothing. */
struct sound {
	enum sound_mode mode;
	double target_lufs, peak_dbtp;
	bool limiter;       /* "apply" only: the target is reached even where peaks must be limited for it */
	bool gain_known; /* "apply" only: it was measured for earlier renditions, which have GAIN_DB */
	double gain_db;
	/* "tags" only: it was measured for earlier renditions, and files made now tell the same */
	bool loudness_known;
	double known_lufs, known_peak_dbtp;
	const char *album;    /* tracks of this name and owner share an album gain (model/album.h); NULL: none */
	int64_t album_tracks; /* "apply" only, with ALBUM: as many as it has */
	const char *filter; /* of the preset, has passed preset_check(); NULL: none */
};

/*
 * What an upload may say, each NULL where it says nothing: LOUDNESS is "tags", "apply" or "off", PRESET a name of
 * media.presets or "" for none (both else as configured); ALBUM is any name of at most SOUND_ALBUM_MOST bytes. With
 * "tags" it may grow; to be applied its gain must be known before the first track is encoded, so that there
 * ALBUM_TRACKS (0: not said) must tell how many it has. ERR_UNPROCESSABLE. Text is borrowed.
 */
enum err sound_choose(const struct conf *conf, const char *loudness, const char *preset, const char *album,
	int64_t album_tracks, struct sound *out, struct err_info *info);

/* As JSON; a new reference. */
json_t *sound_json(const struct sound *sound);

/* And back, text in ARENA; OBJECT NULL is a zeroed one. ERR_UNPROCESSABLE. */
enum err sound_read(const json_t *object, struct arena *arena, struct sound *out, struct err_info *info);

#endif
