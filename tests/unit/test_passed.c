/* SPDX-License-Identifier: MIT */
/* What the worker says of renditions that are the source's own packets, from its line to the job's history. */
#include "job_maker.h"
#include "jobs/passed.h"
#include "model/job_history.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUTS = 2 };

static const struct conf_rendition high = {"high", "aac", 320000, 44100, 2, "cmaf"};
static const struct conf_rendition low = {"low", "aac", 64000, 44100, 2, "cmaf"};

struct scene {
	struct publish_output outputs[OUTPUTS];
	struct publish publish;
};

static void open_scene(struct fixture *fixture, struct scene *scene)
{
	struct job job = job_number(1, "");

	submit(fixture, &job);
	assert_int_equal(claim_number(fixture, JOB_CLASS_ALL, BIRTH), 1);
	memset(scene, 0, sizeof *scene);
	scene->outputs[0].wanted = &high;
	scene->outputs[1].wanted = &low;
	scene->publish = (struct publish){.db = fixture->db,
		.arena = &fixture->arena,
		.owner = "r",
		.job = arena_strdup(&fixture->arena, job.id),
		.passthrough = true,
		.source = {.sample_rate = 48000, .channels = 1},
		.outputs = scene->outputs,
		.count = OUTPUTS};
}

static enum err take(struct scene *scene, const char *line)
{
	static struct report report;
	struct err_info info = {0};
	enum err err = report_parse(line, strlen(line), &report, &info);

	assert_int_equal(err, ERR_OK);
	assert_int_equal(report.kind, REPORT_PASSTHROUGH);
	err = passed_take(&scene->publish, &report, &info);
	assert_true(err == ERR_OK || info.detail[0] != '\0');
	return err;
}

static void it_is_written_down(void **state)
{
	struct fixture *fixture = *state;
	struct job_event *events;
	struct scene scene;
	size_t count;

	open_scene(fixture, &scene);
	assert_int_equal(take(&scene, "{\"event\":\"passthrough\",\"rendition\":0,\"passed\":true}"), ERR_OK);
	assert_int_equal(take(&scene, "{\"event\":\"passthrough\",\"rendition\":1,\"passed\":false,"
				      "\"detail\":\"the source is not aac\"}"),
		ERR_OK);
	assert_true(scene.outputs[0].passed);
	assert_int_equal(scene.outputs[0].wanted->sample_rate, 48000);
	assert_int_equal(scene.outputs[0].wanted->channels, 1);
	assert_int_equal(scene.outputs[0].wanted->bit_rate, 320000);
	assert_false(scene.outputs[1].passed);
	assert_ptr_equal(scene.outputs[1].wanted, &low);
	assert_int_equal(
		job_history(fixture->db, scene.publish.job, 0, &fixture->arena, &events, &count, NULL), ERR_OK);
	assert_int_equal(count, 4);
	assert_string_equal(events[2].event, "note");
	assert_string_equal(events[2].detail, "high: the source is passed through");
	assert_int_equal(events[2].attempt, 1);
	assert_string_equal(events[3].detail, "low: encoded, as the source is not aac");
}

static void breaches_are_seen(void **state)
{
	static const char line[] = "{\"event\":\"passthrough\",\"rendition\":0,\"passed\":true}";
	struct scene scene;

	open_scene(*state, &scene);
	scene.publish.passthrough = false;
	assert_int_equal(take(&scene, line), ERR_UNPROCESSABLE);
	scene.publish.passthrough = true;
	scene.publish.source.sample_rate = 0;
	assert_int_equal(take(&scene, line), ERR_UNPROCESSABLE);
	scene.publish.source.sample_rate = 44100;
	scene.publish.source.channels = 6;
	assert_int_equal(take(&scene, line), ERR_UNPROCESSABLE);
	scene.publish.source.channels = 2;
	assert_int_equal(
		take(&scene, "{\"event\":\"passthrough\",\"rendition\":2,\"passed\":true}"), ERR_UNPROCESSABLE);
	assert_int_equal(take(&scene, line), ERR_OK);
	assert_int_equal(take(&scene, line), ERR_UNPROCESSABLE);
}

static void nothing_is_noted_for_another_runner(void **state)
{
	struct fixture *fixture = *state;
	struct job_event *events;
	struct scene scene;
	size_t count;

	open_scene(fixture, &scene);
	assert_int_equal(job_note(fixture->db, scene.publish.job, "other", "lost", BIRTH, NULL), ERR_OK);
	assert_int_equal(
		job_history(fixture->db, scene.publish.job, 0, &fixture->arena, &events, &count, NULL), ERR_OK);
	assert_int_equal(count, 2);
}

#define WITH_DB(test) cmocka_unit_test_setup_teardown(test, fixture_db, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DB(it_is_written_down),
		WITH_DB(breaches_are_seen),
		WITH_DB(nothing_is_noted_for_another_runner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
