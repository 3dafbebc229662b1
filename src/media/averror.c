/* SPDX-License-Identifier: MIT */
#include "media/averror.h"

#include <libavutil/error.h>

enum err averror_set(struct err_info *info, int code, const char *sentence)
{
	char reason[AV_ERROR_MAX_STRING_SIZE];
	enum err err = ERR_UNPROCESSABLE;

	if (code == AVERROR(ENOMEM))
		return err_set(info, ERR_NO_MEMORY, "%s: it needs more memory than jobs.memory allows, or is damaged", sentence);
	if (code == AVERROR(EIO))
		err = ERR_IO;
	if (av_strerror(code, reason, sizeof reason) < 0)
		return err_set(info, err, "%s", sentence);
	return err_set(info, err, "%s: %s", sentence, reason);
}
