/* SPDX-License-Identifier: MIT */
/*
 * The writer and the reader of the index against each other and against a third opinion: a walk over all boxes of the
 * file that knows which frames went in.
 */
#include "package/cmaf.h"
#include "package/cmaf_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmaf_file.h"

enum { FRAMES_MOST = 400 };

/* What went in: frame i is SIZE bytes of the value i. */
struct plan {
	struct cmaf_track track;
	size_t frames;
	uint32_t size[FRAMES_MOST], duration[FRAMES_MOST];
	bool cut[FRAMES_MOST]; /* after the frame */
	uint64_t samples;
	size_t segments;
};

static const unsigned char OPUS_CONFIG[] = {1, 2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0};
static const unsigned char FLAC_CONFIG[34] = {0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x42, 0xf0};
static const struct cmaf_track TRACKS[] = {
	{.codec = CMAF_AAC,
		.timescale = 44100,
		.sample_rate = 44100,
		.channels = 2,
		.config = "\x12\x10",
		.config_size = 2},
	{.codec = CMAF_OPUS,
		.timescale = 48000,
		.sample_rate = 48000,
		.channels = 2,
		.config = OPUS_CONFIG,
		.config_size = sizeof OPUS_CONFIG},
	{.codec = CMAF_FLAC,
		.timescale = 44100,
		.sample_rate = 44100,
		.channels = 2,
		.config = FLAC_CONFIG,
		.config_size = sizeof FLAC_CONFIG},
};

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((*seed >> 33) % limit);
}

static enum err write_plan(const struct plan *plan, struct cmaf_file *file, struct err_info *info)
{
	struct cmaf_output output = cmaf_file_output(file);
	struct cmaf_writer *writer;
	unsigned char frame[4096];
	enum err err = cmaf_open(&plan->track, &output, &writer, info);

	for (size_t i = 0; i < plan->frames && err == ERR_OK; i++) {
		memset(frame, (int)i, sizeof frame);
		err = cmaf_sample(writer, frame, plan->size[i], plan->duration[i], info);
		if (err == ERR_OK && plan->cut[i])
			err = cmaf_cut(writer, info);
	}
	if (err == ERR_OK)
		err = cmaf_finish(writer, plan->samples, info);
	cmaf_free(writer);
	return err;
}

/* Frames of 1024, a cut after each CUT, the last frame TRIM too long. */
static struct plan simple_plan(size_t frames, size_t cut, uint32_t priming, uint32_t trim)
{
	struct plan plan = {.track = TRACKS[0], .frames = frames, .samples = frames * 1024 - priming - trim};

	plan.track.priming = priming;
	for (size_t i = 0; i < frames; i++) {
		plan.size[i] = 100 + (uint32_t)i % 7;
		plan.duration[i] = 1024;
		plan.cut[i] = (i + 1) % cut == 0;
	}
	plan.segments = (frames + cut - 1) / cut;
	plan.track.segments_expected = plan.segments;
	return plan;
}

static struct plan random_plan(uint64_t seed)
{
	struct plan plan = {.track = TRACKS[random_below(&seed, 3)]};
	uint32_t frame = 1 + random_below(&seed, 5000), steady = random_below(&seed, 2),
		 cut_every = 1 + random_below(&seed, 60);
	uint64_t total = 0, first = 0;

	plan.frames = 1 + random_below(&seed, FRAMES_MOST);
	for (size_t i = 0; i < plan.frames; i++) {
		plan.size[i] = 1 + random_below(&seed, 4096);
		plan.duration[i] = steady ? frame : 1 + random_below(&seed, 5000);
		plan.cut[i] = random_below(&seed, cut_every) == 0;
		total += plan.duration[i];
		if (plan.segments == 0)
			first += plan.duration[i];
		plan.segments += plan.cut[i] || i + 1 == plan.frames;
	}
	total -= random_below(&seed, plan.duration[plan.frames - 1]);
	if (first > total)
		first = total;
	plan.track.priming = random_below(&seed, (uint32_t)first);
	plan.samples = total - plan.track.priming;
	plan.track.segments_expected = random_below(&seed, (uint32_t)plan.segments + 3);
	return plan;
}

/* Takes a payload of version and flags FLAGS. */
static void take_flags(struct bmff_span *span, uint32_t flags)
{
	assert_int_equal(bmff_take(span, 4), flags);
}

/* Walks one moof and its mdat; frames from *NEXT on must be in them. Returns the sum of durations. */
static uint64_t check_fragment(
	const struct plan *plan, struct bmff_span *rest, size_t *next, uint64_t time, uint32_t sequence)
{
	const unsigned char *start = rest->bytes;
	struct bmff_box moof, mdat;
	struct bmff_span box, traf, data;
	uint64_t flags, count, sum = 0, fixed, data_offset;

	assert_true(bmff_next(rest, &moof));
	assert_int_equal(moof.type, bmff_type("moof"));
	box = bmff_only(moof.payload, "mfhd");
	take_flags(&box, 0);
	assert_int_equal(bmff_take(&box, 4), sequence);
	traf = bmff_only(moof.payload, "traf");
	box = bmff_only(traf, "tfhd");
	flags = bmff_take(&box, 4);
	assert_true(flags == 0x20000 || flags == 0x20008);
	assert_int_equal(bmff_take(&box, 4), 1);
	fixed = flags == 0x20008 ? bmff_take(&box, 4) : 0;
	box = bmff_only(traf, "tfdt");
	take_flags(&box, 0x01000000);
	assert_true(bmff_take(&box, 8) == time);
	box = bmff_only(traf, "trun");
	take_flags(&box, fixed > 0 ? 0x201 : 0x301);
	count = bmff_take(&box, 4);
	if (plan->track.codec == CMAF_OPUS) {
		struct bmff_span group = bmff_only(traf, "sbgp");

		take_flags(&group, 0);
		assert_int_equal(bmff_take(&group, 4), bmff_type("roll"));
		assert_int_equal(bmff_take(&group, 4), 1);
		assert_int_equal(bmff_take(&group, 4), count);
		assert_int_equal(bmff_take(&group, 4), 1);
	}
	data_offset = bmff_take(&box, 4);
	assert_true(bmff_next(rest, &mdat));
	assert_int_equal(mdat.type, bmff_type("mdat"));
	assert_ptr_equal(start + data_offset, mdat.payload.bytes);
	data = mdat.payload;
	for (; count > 0; count--, (*next)++) {
		uint64_t duration = fixed > 0 ? fixed : bmff_take(&box, 4);
		struct bmff_span frame = bmff_take_span(&data, (size_t)bmff_take(&box, 4));

		assert_in_range(*next, 0, plan->frames - 1);
		assert_int_equal(frame.length, plan->size[*next]);
		for (size_t i = 0; i < frame.length; i++)
			assert_int_equal(frame.bytes[i], *next & 0xff);
		if (*next + 1 < plan->frames)
			assert_int_equal(duration, plan->duration[*next]);
		sum += duration;
	}
	assert_int_equal(data.length + box.length, 0);
	return sum;
}

/* The file as a whole, and what cmaf_index_read() says of it, against the plan. */
static void check_file(const struct plan *plan, const struct cmaf_file *file)
{
	struct rendition rendition = {.quality = "kept"};
	struct bmff_span bytes = cmaf_file_bytes(file), rest = bytes;
	struct arena arena = {0};
	struct err_info info = {0};
	size_t next = 0, references = plan->track.segments_expected > 0 ? plan->track.segments_expected : 1, joined;
	uint64_t time = 0;
	uint32_t sequence = 0;

	if (cmaf_index_read(file->fd, &arena, &rendition, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	assert_string_equal(rendition.quality, "kept");
	assert_int_equal(rendition.priming, plan->track.priming);
	assert_true(rendition.samples == plan->samples);
	assert_int_equal(rendition.file_size, bytes.length);
	assert_int_equal(rendition.index_offset, rendition.init_size);
	joined = (plan->segments + references - 1) / references;
	assert_int_equal(rendition.segments.count, (plan->segments + joined - 1) / joined);
	assert_true(rendition.peak_bandwidth >= rendition.average_bandwidth);

	bmff_take_span(&rest, rendition.segments.segments[0].offset);
	for (size_t i = 0; i < rendition.segments.count; i++) {
		const struct segment *segment = &rendition.segments.segments[i];
		const unsigned char *start = bytes.bytes + segment->offset;
		uint64_t duration = 0;

		assert_ptr_equal(rest.bytes, start);
		for (size_t k = 0; k < joined && rest.length > 0; k++) {
			uint64_t length = check_fragment(plan, &rest, &next, time, ++sequence);

			duration += length;
			time += length;
			assert_true(plan->cut[next - 1] || next == plan->frames);
		}
		assert_true(segment->duration == duration);
		assert_int_equal(rest.bytes - start, segment->size);
	}
	assert_int_equal(rest.length, 0);
	assert_int_equal(next, plan->frames);
	assert_int_equal(sequence, plan->segments);
	assert_true(time == plan->samples + plan->track.priming);
	free((void *)(uintptr_t)bytes.bytes);
	arena_free(&arena);
}

static void expect_good(const struct plan *plan)
{
	struct cmaf_file file = cmaf_file_open();
	struct err_info info = {0};

	if (write_plan(plan, &file, &info) != ERR_OK)
		fail_msg("%s", info.detail);
	check_file(plan, &file);
	close(file.fd);
}

static void any_track_is_read_back(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct plan plan = random_plan(seed);

		expect_good(&plan);
	}
}

/* Room for exactly what comes, for more, for less, and for none. */
static void any_room_will_do(void **state)
{
	(void)state;
	for (size_t room = 0; room < 30; room++) {
		struct plan plan = simple_plan(100, 5, 1024, 77);

		plan.track.segments_expected = room;
		expect_good(&plan);
	}
}

/* The last segment was cut when its last sample turned out too long: it is written anew, with durations. */
static void end_may_fall_on_a_cut(void **state)
{
	struct plan plan = simple_plan(20, 5, 1024, 1023);

	(void)state;
	assert_true(plan.cut[19]);
	expect_good(&plan);
	plan = simple_plan(1, 1, 1023, 0);
	expect_good(&plan);
}

static void reader_tells_codec_and_sizes(void **state)
{
	static const char *const codecs[] = {"mp4a.40.2", "Opus", "fLaC"}, *const codec[] = {"aac", "opus", "flac"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct plan plan = simple_plan(10, 5, 0, 0);
		struct cmaf_file file = cmaf_file_open();
		struct rendition rendition = {0};
		struct arena arena = {0};

		plan.track = TRACKS[i];
		plan.track.segments_expected = 2;
		assert_int_equal(write_plan(&plan, &file, NULL), ERR_OK);
		assert_int_equal(cmaf_index_read(file.fd, &arena, &rendition, NULL), ERR_OK);
		assert_string_equal(rendition.codec, codec[i]);
		assert_string_equal(rendition.codecs, codecs[i]);
		assert_int_equal(rendition.sample_rate, TRACKS[i].sample_rate);
		assert_int_equal(rendition.timescale, TRACKS[i].timescale);
		assert_int_equal(rendition.channels, 2);
		assert_int_equal(rendition.index_size, 32 + 2 * 12);
		assert_int_equal(rendition.segments.segments[0].offset, rendition.init_size + rendition.index_size + 8);
		arena_free(&arena);
		close(file.fd);
	}
}

/* The sample entry has no room for it, and says the half of it. */
static void reader_tells_a_high_rate(void **state)
{
	struct plan plan = simple_plan(10, 5, 0, 0);
	struct cmaf_file file = cmaf_file_open();
	struct rendition rendition = {0};
	struct arena arena = {0};

	(void)state;
	plan.track = TRACKS[2];
	plan.track.sample_rate = plan.track.timescale = 96000;
	assert_int_equal(write_plan(&plan, &file, NULL), ERR_OK);
	assert_int_equal(cmaf_index_read(file.fd, &arena, &rendition, NULL), ERR_OK);
	assert_int_equal(rendition.sample_rate, 96000);
	arena_free(&arena);
	close(file.fd);
}

/* A last segment of one sample must not make the peak: it counts together with its neighbour. */
static void short_end_does_not_raise_the_peak(void **state)
{
	struct plan plan = simple_plan(174, 173, 0, 1000);
	struct cmaf_file file = cmaf_file_open();
	struct rendition rendition = {0};
	struct arena arena = {0};
	const struct segment *segments;

	(void)state;
	assert_int_equal(write_plan(&plan, &file, NULL), ERR_OK);
	assert_int_equal(cmaf_index_read(file.fd, &arena, &rendition, NULL), ERR_OK);
	segments = rendition.segments.segments;
	assert_int_equal(segments[1].duration, 24);
	assert_int_equal(rendition.average_bandwidth,
		(((uint64_t)segments[0].size + segments[1].size) * 8 * 44100 + 177176 - 1) / 177176);
	assert_int_equal(rendition.peak_bandwidth, rendition.average_bandwidth);
	arena_free(&arena);
	close(file.fd);
}

static void peak_is_that_of_the_fastest_segment(void **state)
{
	struct plan plan = simple_plan(172 * 2, 172, 0, 0);
	struct cmaf_file file = cmaf_file_open();
	struct rendition rendition = {0};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 172; i < 344; i++)
		plan.size[i] = 1000;
	assert_int_equal(write_plan(&plan, &file, NULL), ERR_OK);
	assert_int_equal(cmaf_index_read(file.fd, &arena, &rendition, NULL), ERR_OK);
	assert_int_equal(rendition.peak_bandwidth,
		((uint64_t)rendition.segments.segments[1].size * 8 * 44100 + 176128 - 1) / 176128);
	assert_true(rendition.average_bandwidth < rendition.peak_bandwidth * 6 / 10);
	arena_free(&arena);
	close(file.fd);
}

static void expect_failure(const struct plan *plan, enum err wanted)
{
	struct cmaf_file file = cmaf_file_open();
	struct err_info info = {0};

	assert_int_equal(write_plan(plan, &file, &info), wanted);
	assert_true(info.detail[0] != '\0');
	close(file.fd);
}

static void writer_refuses_nonsense(void **state)
{
	struct plan plan = simple_plan(10, 5, 1024, 0);

	(void)state;
	plan.samples++; /* more than there is */
	expect_failure(&plan, ERR_INTERNAL);
	plan.samples -= 1025; /* the last frame begins past the end */
	expect_failure(&plan, ERR_INTERNAL);
	plan.samples = UINT64_MAX;
	expect_failure(&plan, ERR_INTERNAL);
	plan = simple_plan(10, 5, 5 * 1024, 0); /* nothing but priming in the first segment */
	expect_failure(&plan, ERR_INTERNAL);
	plan = simple_plan(10, 5, 0, 0);
	plan.frames = 0;
	expect_failure(&plan, ERR_UNPROCESSABLE);
	plan = simple_plan(10, 5, 0, 0);
	plan.size[3] = 0;
	expect_failure(&plan, ERR_UNPROCESSABLE);
	plan = simple_plan(10, 5, 0, 0);
	plan.duration[3] = 0;
	expect_failure(&plan, ERR_UNPROCESSABLE);
	plan = simple_plan(10, 5, 0, 0);
	plan.track.channels = 0;
	expect_failure(&plan, ERR_UNPROCESSABLE);
}

static void segment_has_a_limit(void **state)
{
	struct cmaf_file file = cmaf_file_open();
	struct cmaf_output output = cmaf_file_output(&file);
	struct cmaf_writer *writer;
	size_t length = (64 << 20) + 1;
	void *frame = calloc(1, length);

	(void)state;
	assert_int_equal(cmaf_open(&TRACKS[0], &output, &writer, NULL), ERR_OK);
	assert_int_equal(cmaf_sample(writer, frame, length, 1024, NULL), ERR_TOO_LARGE);
	assert_int_equal(cmaf_sample(writer, frame, 1, UINT32_MAX, NULL), ERR_OK);
	assert_int_equal(cmaf_sample(writer, frame, 1, 1, NULL), ERR_TOO_LARGE);
	cmaf_free(writer);
	cmaf_free(NULL);
	free(frame);
	close(file.fd);
}

/* Each write in turn fails: the reason comes back, and nothing leaks. */
static void full_disk_is_reported(void **state)
{
	struct plan plan = simple_plan(20, 5, 1024, 77);
	int writes = 0;
	enum err err;

	(void)state;
	do {
		struct cmaf_file file = cmaf_file_open();

		file.writes_left = writes++;
		err = write_plan(&plan, &file, NULL);
		assert_true(err == ERR_OK || err == ERR_NO_SPACE);
		close(file.fd);
	} while (err != ERR_OK);
	assert_true(writes > 10);
}

static enum err read_bytes(const unsigned char *bytes, size_t length, struct err_info *info)
{
	struct rendition rendition = {0};
	struct cmaf_file file = cmaf_file_open();
	struct arena arena = {0};
	enum err err;

	assert_int_equal(pwrite(file.fd, bytes, length, 0), length);
	err = cmaf_index_read(file.fd, &arena, &rendition, info);
	assert_true(err == ERR_OK || (err == ERR_UNPROCESSABLE && rendition.segments.count == 0));
	arena_free(&arena);
	close(file.fd);
	return err;
}

static struct bmff_span good_bytes(void)
{
	struct plan plan = simple_plan(6, 2, 1024, 77);
	struct cmaf_file file = cmaf_file_open();
	struct bmff_span bytes;

	assert_int_equal(write_plan(&plan, &file, NULL), ERR_OK);
	bytes = cmaf_file_bytes(&file);
	close(file.fd);
	return bytes;
}

static void reader_refuses_other_lengths(void **state)
{
	struct bmff_span bytes = good_bytes();
	unsigned char *copy = (unsigned char *)(uintptr_t)bytes.bytes;
	struct err_info info = {0};

	(void)state;
	assert_int_equal(read_bytes(copy, bytes.length, &info), ERR_OK);
	for (size_t length = 0; length < bytes.length; length++)
		assert_int_equal(read_bytes(copy, length, &info), ERR_UNPROCESSABLE);
	copy[bytes.length] = 0; /* cmaf_file_bytes() leaves room for one more */
	assert_int_equal(read_bytes(copy, bytes.length + 1, &info), ERR_UNPROCESSABLE);
	assert_non_null(strstr(info.detail, "does not end where the file does"));
	free(copy);
}

/* Damage anywhere either does not matter to the index or is refused; the sanitizers watch. */
static void reader_survives_damage(void **state)
{
	struct bmff_span bytes = good_bytes();
	unsigned char *copy = (unsigned char *)(uintptr_t)bytes.bytes;
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < bytes.length; i++) {
		static const unsigned char masks[] = {0x01, 0x80, 0xff};

		for (size_t k = 0; k < sizeof masks; k++) {
			copy[i] ^= masks[k];
			refused += read_bytes(copy, bytes.length, NULL) != ERR_OK;
			copy[i] ^= masks[k];
		}
	}
	assert_true(refused > 500);
	free(copy);
}

static void reader_refuses_a_track_that_was_not_finished(void **state)
{
	struct cmaf_file file = cmaf_file_open();
	struct cmaf_output output = cmaf_file_output(&file);
	struct cmaf_writer *writer;
	struct rendition rendition = {0};
	struct arena arena = {0};
	struct err_info info = {0};

	(void)state;
	assert_int_equal(cmaf_open(&TRACKS[0], &output, &writer, NULL), ERR_OK);
	assert_int_equal(cmaf_sample(writer, "frame", 5, 1024, NULL), ERR_OK);
	assert_int_equal(cmaf_cut(writer, NULL), ERR_OK);
	assert_int_equal(cmaf_index_read(file.fd, &arena, &rendition, &info), ERR_UNPROCESSABLE);
	assert_non_null(strstr(info.detail, "not finished"));
	assert_int_equal(cmaf_index_read(-1, &arena, &rendition, &info), ERR_IO);
	cmaf_free(writer);
	arena_free(&arena);
	close(file.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_track_is_read_back),
		cmocka_unit_test(any_room_will_do),
		cmocka_unit_test(end_may_fall_on_a_cut),
		cmocka_unit_test(reader_tells_codec_and_sizes),
		cmocka_unit_test(reader_tells_a_high_rate),
		cmocka_unit_test(short_end_does_not_raise_the_peak),
		cmocka_unit_test(peak_is_that_of_the_fastest_segment),
		cmocka_unit_test(writer_refuses_nonsense),
		cmocka_unit_test(segment_has_a_limit),
		cmocka_unit_test(full_disk_is_reported),
		cmocka_unit_test(reader_refuses_other_lengths),
		cmocka_unit_test(reader_survives_damage),
		cmocka_unit_test(reader_refuses_a_track_that_was_not_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
