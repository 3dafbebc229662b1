/* SPDX-License-Identifier: MIT */
/*
 * An encoder of a relay (relay.h) and the thread it works in: frames go in, packets come out, by queues that hold all
 * that it is given and all that it makes of them, so that it waits for nobody.
 *
 * A span belongs to the thread that started it, but for what its own one does.
 */
#ifndef TONEARM_MEDIA_SPAN_H
#define TONEARM_MEDIA_SPAN_H

#include "media/encode.h"
#include "media/queue.h"

#include <pthread.h>
#include <stdbool.h>

/* Frames and packets are counted from the start of the stream. */
struct span {
	struct encode *encode;
	bool numbers;         /* its packets are FLAC's, and get the numbers of the stream */
	uint32_t each;        /* packets of a frame: two of MP3 at the halved rates */
	struct queue frames;  /* AVFrame */
	struct queue packets; /* AVPacket */
	struct queue kept;    /* AVFrame: those that the span before it goes on with if it stays */
	pthread_t thread;
	bool running;         /* there is a thread to be joined */
	uint64_t begin;       /* frame that it should take over at */
	uint64_t next;        /* packet that its queue gives next */
	bool last;            /* the stream ends with it; set before its frames end, or before it is restarted */
	enum err err;         /* of the thread; read when its packets have ended */
	struct err_info info;
};

/*
 * An encoder for RENDITION (see encode_open()) at work, which gets ROOM frames at most, the first of them number FIRST;
 * NUMBERS: it is a FLAC encoder, whose frames are numbered. *OUT is owned by the caller (span_end()), NULL on failure.
 * ERR_UNPROCESSABLE, ERR_NO_MEMORY.
 */
enum err span_start(const struct conf_rendition *rendition, int bits, bool numbers, size_t room, uint64_t first,
	struct span **out, struct err_info *info);

/*
 * SPAN, whose frames and packets have ended, gets more of both: those KEPT at once, which is empty then. ENDED: no
 * others. ERR_NO_MEMORY.
 */
enum err span_restart(struct span *span, struct queue *kept, bool ended, struct err_info *info);

/*
 * The next COUNT packets of SPAN, waiting for them, NULL where it has no more; they are the caller's, on failure too.
 * The error of its thread where they are fewer.
 */
enum err span_pull(struct span *span, AVPacket **packets, size_t count, struct err_info *info);

/* Ends the thread if it still runs. */
void span_end(struct span *span);

#endif
