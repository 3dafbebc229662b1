/* SPDX-License-Identifier: MIT */
/*
 * What passes between the jobrunner and one tonearm-worker.
 *
 *     jobrunner                                   tonearm-worker (no database, no secrets, no network, no paths)
 *        │  fd 0  job, one JSON object, then EOF ──────►│
 *        │  fd 3  the source, read-only, seekable ─────►│
 *        │◄───────────── fd 4  reports, JSON lines      │
 *        │◄── fd 5 ...  one read-write file a rendition, in the order of "renditions", then one for each of "extras"
 *        └── fd 2  the log
 *
 * Job:
 *     {"source_name": "x.mp3", "segment_ms": 4000,
 *      "limits": {"duration_s": 43200, "memory": 1073741824, "cpu_s": 7200, "output": 4294967296, "nice": 10,
 *                 "uid": 65534, "gid": 65534},
 *      "renditions": [{"quality": "high", "codec": "aac", "container": "cmaf", "bit_rate": 320000, "sample_rate": 44100,
 *                      "channels": 2}, ...],
 *      "extras": [{"role": "waveform", "fd": 9}, ...],
 *      "measure": true,
 *      "tags": {"title": "...", "artist": "...", "album": "..."},
 *      "passthrough": true,
 *      "sound": {"loudness": "tags" | "apply" | "off", "target_lufs": -14.0, "true_peak_dbtp": -1.0, "limiter": false,
 *                "gain_db": -3.2 (of "apply", known already), "filter": "highpass=f=80",
 *                "known": {"integrated_lufs": -9.3, "true_peak_dbtp": 0.4} (of "tags": then nothing is measured)}}
 *
 * "uid" and "gid" say whom a worker that root started becomes; left out they are nobody's. Neither is 0.
 *
 * A rendition without "container" has the usual one of its codec; a sample_rate or channels of 0 is the source's
 * (conf/profile.h). There may be none: then only the extras are made and the loudness is measured. "extras" may be left
 * out. A role is one of src/model/extra_role.h; "fd" counts on from the renditions. A file that stays empty says that
 * the source has no such thing. "tags" may be left out, and may have any member of tags_json() but lyrics, date and
 * chapters: it goes into the renditions in the place of what the source says. "passthrough" may be left out: then
 * everything is encoded (media/passthrough.h). "sound" may be left out: then nothing is measured or changed. Its
 * gain_db, known and filter may be left out too. With the loudness "tags" the files themselves tell it, with "apply"
 * never. "measure" stands only where the loudness alone is wanted, before "apply": then the renditions say for what it
 * is measured, but none is made, and they have no files.
 *
 * Reports, at least one a second while it works (the runner renews its lease on each), "done" or "failed" last:
 *     {"event": "source", "format": "mp3", "sample_rate": 44100, "channels": 2, "duration_ms": 10333 (an estimate),
 *      "tags": {"title": "...", "artist": "...", "track": 3, "chapters": [...], ...}} (all of tags_json())
 *     {"event": "passthrough", "rendition": 0, "passed": false, "detail": "the source is not aac"} (once for each
 *      rendition, if it was asked for; "detail" when it is encoded, the end of a sentence)
 *     {"event": "progress", "stage": "measure" | "transcode", "progress": 0.31, "speed": 41.7}
 *     {"event": "notice", "detail": "a sentence on what beside the sound could not be made, such as the cover"}
 *     {"event": "segments", "rendition": 0, "offset": 1410, "segments": [[162301, 176128], ...]}
 *     {"event": "done", "duration_ms": 10333, "samples": 455699 (at the source's rate),
 *      "loudness": {"integrated_lufs": -9.3, "range_lu": 4.1, "momentary_max_lufs": -6.0, "short_term_max_lufs": -7.2,
 *                   "true_peak_dbtp": 0.4, "gain_db": -4.7, "applied": false,
 *                   "blocks": [[607, 12], ...] (gating blocks by bin, see model/loudness.h)}}  when it measured
 *     {"event": "failed", "error": "<slug of err.h>", "detail": "a sentence for the person who uploaded it"}
 *
 * "segments" are the next of a rendition (by its place in "renditions") as [bytes, units of its timescale], the first
 * at "offset" and each behind the one before. They are whole in the file when the report is written, and the file never
 * changes there again; neither does the init section's size. The worker tells the first as soon as it is there, others
 * some at a time (at most WORKER_SEGMENTS_MOST), the last of all never: the file's index says that.
 *
 * Exit status 0 after "done", 1 after "failed"; anything else, or a signal, is a crash.
 */
#ifndef TONEARM_JOBS_WORKER_PROTOCOL_H
#define TONEARM_JOBS_WORKER_PROTOCOL_H

enum {
	WORKER_FD_JOB = 0,
	WORKER_FD_SOURCE = 3,
	WORKER_FD_REPORT = 4,
	WORKER_FD_OUTPUT = 5, /* the first of them */
	WORKER_RENDITIONS_MOST = 32,
	WORKER_EXTRAS_MOST = 8,
	WORKER_OUTPUTS_MOST = WORKER_RENDITIONS_MOST + WORKER_EXTRAS_MOST,
	WORKER_JOB_BYTES = 1 << 20,
	WORKER_LINE_BYTES = 1 << 17,
	WORKER_SEGMENTS_MOST = 256, /* in a report */
	WORKER_SILENCE_S = 60 /* without a report the runner ends it */
};

#endif
