/* SPDX-License-Identifier: MIT */
#include "media/damage.h"

/* Shorter than its header says by so much, a file was cut off; less is how exact headers are. */
enum { SHORT_MS = 1000, SHORT_PARTS = 100 };

static uint64_t decoded_ms(const struct decode *decode)
{
	return decode->samples * 1000 / (uint64_t)decode->sample_rate;
}

enum err damage_judge(const struct decode *decode, const struct source_info *source, struct err_info *info)
{
	uint64_t ms;

	if (decode->samples == 0)
		return err_set(info, ERR_UNPROCESSABLE,
			"nothing in the file can be decoded: it is damaged or cut off, upload it again");
	if (decode->bad_packets * 2 > decode->packets)
		return err_set(info, ERR_UNPROCESSABLE, "most of the file is damaged: upload it again");
	ms = decoded_ms(decode);
	if (source->duration_claimed && ms * 2 < source->duration_ms)
		return err_set(info, ERR_UNPROCESSABLE,
			"the file is cut off: it says it is %.1f s long, but holds %.1f s; upload it again",
			(double)source->duration_ms / 1000, (double)ms / 1000);
	return ERR_OK;
}

bool damage_lacks(const struct decode *decode, const struct source_info *source, struct err_info *info)
{
	uint64_t ms = decoded_ms(decode);

	if (source->duration_claimed && ms + SHORT_MS + source->duration_ms / SHORT_PARTS < source->duration_ms)
		err_set(info, ERR_UNPROCESSABLE,
			"the file says it is %.1f s long, but holds %.1f s: if that is not all, upload it again",
			(double)source->duration_ms / 1000, (double)ms / 1000);
	else if (decode->bad_packets > 1) /* one: what sloppy taggers leave at the end */
		err_set(info, ERR_UNPROCESSABLE, "%llu of the %llu packets of the file are damaged: they are left out",
			(unsigned long long)decode->bad_packets, (unsigned long long)decode->packets);
	else if (decode->bad_samples > 0)
		err_set(info, ERR_UNPROCESSABLE, "%llu samples of the file are no numbers: they are silent",
			(unsigned long long)decode->bad_samples);
	else
		return false;
	return true;
}
