/* SPDX-License-Identifier: MIT */
#include "jobs/passed.h"

/* WANTED as the source is: publish_check() then looks for that. */
static const struct conf_rendition *as_source(const struct publish *publish, const struct conf_rendition *wanted)
{
	struct conf_rendition *same = arena_alloc(publish->arena, sizeof *same);

	*same = *wanted;
	same->sample_rate = publish->source.sample_rate;
	same->channels = publish->source.channels;
	return same;
}

enum err passed_take(const struct publish *publish, const struct report *report, struct err_info *info)
{
	struct publish_output *output;

	if (!publish->passthrough || report->rendition >= publish->count || publish->source.sample_rate == 0 ||
		publish->outputs[report->rendition].told || (report->passed && publish->source.channels > 2))
		return err_set(info, ERR_UNPROCESSABLE,
			"the worker broke the protocol: \"passthrough\" of what nobody asked for");
	output = &publish->outputs[report->rendition];
	output->told = true;
	output->passed = report->passed;
	if (output->passed) {
		output->wanted = as_source(publish, output->wanted);
		publish_note(publish,
			arena_printf(publish->arena, "%s: the source is passed through", output->wanted->quality));
	} else {
		publish_note(publish, arena_printf(publish->arena, "%s: encoded, as %s", output->wanted->quality,
					      report->failure.detail));
	}
	return ERR_OK;
}
