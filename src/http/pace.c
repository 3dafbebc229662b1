/* SPDX-License-Identifier: MIT */
#include "http/pace.h"

bool pace_keep(struct pace *pace, int64_t waited_us, size_t bytes)
{
	bool kept;

	if (pace->least == 0)
		return true;
	pace->waited_us += waited_us;
	pace->bytes += bytes;
	if (pace->waited_us < pace->window_us)
		return true;
	kept = (double)pace->bytes * 1e6 >= (double)pace->least * (double)pace->waited_us;
	pace->waited_us = 0;
	pace->bytes = 0;
	return kept;
}
