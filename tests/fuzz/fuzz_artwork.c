/* SPDX-License-Identifier: MIT */
/* A stranger's picture: the first byte chooses the decoder. What comes out must be what publishing takes. */
#include "media/artwork.h"
#include "media/jpeg.h"
#include "model/extra_role.h"

#include <libavutil/log.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PICTURE_MOST = 1 << 16, FILE_MOST = 4 << 20 };

static void check_file(int fd, int side)
{
	static char bytes[FILE_MOST];
	ssize_t length = pread(fd, bytes, sizeof bytes, 0);
	struct err_info info;

	if (length <= 0 || jpeg_check(bytes, (size_t)length, (uint32_t)side, &info) != ERR_OK)
		abort();
}

static void make(const struct artwork *artwork)
{
	int extras[EXTRA_ROLES];
	struct err_info info;
	enum err err;

	for (int role = 0; role < EXTRA_ROLES; role++) {
		extras[role] = extra_cover_side((enum extra_role)role) > 0 ? memfd_create("fuzz", MFD_CLOEXEC) : -1;
	}
	err = artwork_make(artwork, extras, &info);
	for (int role = 0; role < EXTRA_ROLES; role++) {
		if (extras[role] < 0)
			continue;
		if (err == ERR_OK)
			check_file(extras[role], extra_cover_side((enum extra_role)role));
		close(extras[role]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum AVCodecID codecs[] = {AV_CODEC_ID_MJPEG, AV_CODEC_ID_PNG, AV_CODEC_ID_WEBP, AV_CODEC_ID_GIF};
	struct artwork artwork = {.packet = av_packet_alloc()};

	if (artwork.packet == NULL)
		abort();
	av_log_set_level(AV_LOG_QUIET);
	if (size > 1 && size <= PICTURE_MOST && av_new_packet(artwork.packet, (int)size - 1) == 0) {
		artwork.codec = codecs[data[0] % 4];
		memcpy(artwork.packet->data, data + 1, size - 1);
		make(&artwork);
	}
	artwork_close(&artwork);
	return 0;
}
