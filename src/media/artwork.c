/* SPDX-License-Identifier: MIT */
#include "media/artwork.h"

#include "base/fs.h"
#include "media/averror.h"
#include "model/extra_role.h"

#include <libavcodec/avcodec.h>
#include <libavutil/avstring.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

/* Decoders without a network, files or other formats behind them. */
#define DECODERS "mjpeg,png,webp,gif"

/* JPEG quality as FFmpeg counts it: 2 is the best, 31 the worst. */
enum { QUALITY = 3 };

static bool is_front(const AVStream *stream)
{
	const AVDictionaryEntry *kind = av_dict_get(stream->metadata, "comment", NULL, 0);

	return kind != NULL && av_strcasecmp(kind->value, "Cover (front)") == 0;
}

enum err artwork_find(const struct demux *demux, struct artwork *out, struct err_info *info)
{
	const AVStream *found = NULL;

	*out = (struct artwork){0};
	for (unsigned i = 0; i < demux->format->nb_streams; i++) {
		const AVStream *stream = demux->format->streams[i];

		if ((stream->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0 || stream->attached_pic.size <= 0)
			continue;
		if (found == NULL || (is_front(stream) && !is_front(found)))
			found = stream;
	}
	if (found == NULL)
		return ERR_OK;
	out->codec = found->codecpar->codec_id;
	out->packet = av_packet_clone(&found->attached_pic);
	return out->packet != NULL ? ERR_OK : err_set(info, ERR_NO_MEMORY, "no memory for the cover picture");
}

static enum err open_decoder(const struct artwork *artwork, AVCodecContext **out, struct err_info *info)
{
	const AVCodec *decoder = avcodec_find_decoder(artwork->codec);
	int code;

	if (decoder == NULL || av_match_list(decoder->name, DECODERS, ',') <= 0)
		return err_set(info, ERR_UNSUPPORTED,
			"the cover picture is %s, not JPEG, PNG, WebP or GIF: put one of these into the file",
			avcodec_get_name(artwork->codec));
	if (artwork->packet->size > ARTWORK_BYTES_MOST)
		return err_set(info, ERR_TOO_LARGE,
			"the cover picture has more than %d bytes: put a smaller one into the file",
			(int)ARTWORK_BYTES_MOST);
	*out = avcodec_alloc_context3(decoder);
	if (*out == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for the cover picture");
	(*out)->thread_count = 1;
	(*out)->max_pixels = ARTWORK_PIXELS_MOST;
	code = avcodec_open2(*out, decoder, NULL);
	return code < 0 ? averror_set(info, code, "the cover picture cannot be decoded") : ERR_OK;
}

static enum err decode_picture(const struct artwork *artwork, AVFrame *frame, struct err_info *info)
{
	AVCodecContext *codec = NULL;
	enum err err = open_decoder(artwork, &codec, info);
	int code;

	if (err == ERR_OK) {
		code = avcodec_send_packet(codec, artwork->packet);
		if (code >= 0)
			code = avcodec_send_packet(codec, NULL);
		if (code >= 0)
			code = avcodec_receive_frame(codec, frame);
		if (code < 0)
			err = averror_set(info, code,
				"the cover picture is damaged or has more than 40 million pixels: put a smaller one "
				"into the file");
		else if (frame->width > ARTWORK_SIDE_MOST || frame->height > ARTWORK_SIDE_MOST)
			err = err_set(info, ERR_TOO_LARGE,
				"the cover picture has more than %d pixels on a side: put a smaller one into the file",
				(int)ARTWORK_SIDE_MOST);
	}
	avcodec_free_context(&codec);
	return err;
}

/* FROM as WIDTH x HEIGHT pixels of FORMAT in the empty frame TO. */
static enum err scale(
	const AVFrame *from, int width, int height, enum AVPixelFormat format, AVFrame *to, struct err_info *info)
{
	struct SwsContext *scaler = NULL;
	int code;

	to->width = width;
	to->height = height;
	to->format = format;
	code = av_frame_get_buffer(to, 0);
	if (code >= 0) {
		scaler = sws_getContext(from->width, from->height, from->format, width, height, format,
			SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);
		code = scaler != NULL ? sws_scale(scaler, (const uint8_t *const *)from->data, from->linesize, 0,
						from->height, to->data, to->linesize)
				      : AVERROR(EINVAL);
	}
	sws_freeContext(scaler);
	return code < 0 ? averror_set(info, code, "the cover picture cannot be scaled") : ERR_OK;
}

/* SIDE pixels on the longest side, none more than there are. */
static void fit(const AVFrame *frame, int side, int *width, int *height)
{
	int longest = frame->width > frame->height ? frame->width : frame->height;

	if (side > longest)
		side = longest;
	*width = (int)((int64_t)frame->width * side / longest);
	*height = (int)((int64_t)frame->height * side / longest);
	if (*width < 1)
		*width = 1;
	if (*height < 1)
		*height = 1;
}

/* An RGBA picture over white. */
static void blend(AVFrame *frame)
{
	for (int y = 0; y < frame->height; y++) {
		uint8_t *pixel = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];

		for (int x = 0; x < frame->width; x++, pixel += 4) {
			for (int i = 0; i < 3; i++)
				pixel[i] = (uint8_t)((pixel[i] * pixel[3] + 255 * (255 - pixel[3]) + 127) / 255);
		}
	}
}

static enum err open_encoder(const AVFrame *frame, AVCodecContext **out, struct err_info *info)
{
	const AVCodec *encoder = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
	int code = AVERROR(ENOMEM);

	*out = encoder != NULL ? avcodec_alloc_context3(encoder) : NULL;
	if (*out != NULL) {
		(*out)->width = frame->width;
		(*out)->height = frame->height;
		(*out)->pix_fmt = AV_PIX_FMT_YUVJ420P;
		(*out)->color_range = AVCOL_RANGE_JPEG;
		(*out)->time_base = (AVRational){1, 1};
		(*out)->thread_count = 1;
		/* Bit-exact also means: no name and version of the library in a comment. */
		(*out)->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
		(*out)->global_quality = QUALITY * FF_QP2LAMBDA;
		code = avcodec_open2(*out, encoder, NULL);
	}
	return code < 0 ? averror_set(info, code, "the cover picture cannot be encoded") : ERR_OK;
}

/* FRAME, a YUVJ420P picture, as JPEG to FD. */
static enum err encode_picture(AVFrame *frame, int fd, struct err_info *info)
{
	AVPacket *packet = av_packet_alloc();
	AVCodecContext *codec = NULL;
	enum err err = open_encoder(frame, &codec, info);
	int code = AVERROR(ENOMEM);

	if (err == ERR_OK) {
		frame->quality = codec->global_quality;
		frame->pts = 0;
		if (packet != NULL)
			code = avcodec_send_frame(codec, frame);
		if (code >= 0)
			code = avcodec_receive_packet(codec, packet);
		err = code < 0 ? averror_set(info, code, "the cover picture cannot be encoded")
			       : fs_write_all(fd, packet->data, (size_t)packet->size, info);
	}
	av_packet_free(&packet);
	avcodec_free_context(&codec);
	return err;
}

/* PICTURE, an RGBA one, scaled to SIDE, as JPEG to FD. */
static enum err make_size(const AVFrame *picture, int side, int fd, struct err_info *info)
{
	AVFrame *small = av_frame_alloc();
	int width, height;
	enum err err;

	fit(picture, side, &width, &height);
	if (small != NULL)
		err = scale(picture, width, height, AV_PIX_FMT_YUVJ420P, small, info);
	else
		err = err_set(info, ERR_NO_MEMORY, "no memory for the cover picture");
	if (err == ERR_OK)
		err = encode_picture(small, fd, info);
	av_frame_free(&small);
	return err;
}

enum err artwork_make(const struct artwork *artwork, const int *extras, struct err_info *info)
{
	AVFrame *decoded = av_frame_alloc(), *picture = av_frame_alloc();
	int width, height;
	enum err err = ERR_OK;

	if (decoded == NULL || picture == NULL)
		err = err_set(info, ERR_NO_MEMORY, "no memory for the cover picture");
	if (err == ERR_OK)
		err = decode_picture(artwork, decoded, info);
	if (err == ERR_OK) {
		fit(decoded, extra_cover_side(EXTRA_COVER_LARGE), &width, &height);
		err = scale(decoded, width, height, AV_PIX_FMT_RGBA, picture, info);
	}
	av_frame_free(&decoded);
	if (err == ERR_OK)
		blend(picture);
	for (int role = 0; role < EXTRA_ROLES && err == ERR_OK; role++) {
		int side = extra_cover_side((enum extra_role)role);

		if (side > 0 && extras[role] >= 0)
			err = make_size(picture, side, extras[role], info);
	}
	av_frame_free(&picture);
	return err;
}

void artwork_close(struct artwork *artwork)
{
	av_packet_free(&artwork->packet);
}
