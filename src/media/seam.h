/* SPDX-License-Identifier: MIT */
/*
 * Where an encoder of a relay can take over from the one before, so that nobody hears it: what that depends on in each
 * codec, relay.h tells. Pure but for the packets; a seam belongs to one thread.
 */
#ifndef TONEARM_MEDIA_SEAM_H
#define TONEARM_MEDIA_SEAM_H

#include <libavcodec/packet.h>
#include <stddef.h>
#include <stdint.h>

enum { SEAM_PACKETS = 96 };
#define SEAM_NOWHERE SIZE_MAX

/* Packets of the same sound by two encoders, owned by whoever has put them there. NULL: the encoder had no more. */
struct seam {
	AVPacket *old[SEAM_PACKETS], *fresh[SEAM_PACKETS];
	size_t settled; /* the first of FRESH that may be used */
	size_t count;
};

/*
 * Each returns how many packets of OLD are to come before those of FRESH, from SETTLED to COUNT; as many as there are
 * where no place is right.
 */
size_t seam_aac(struct seam *seam);

/* Changes those of OLD as far as FRESH needs it. SEAM_NOWHERE where no place is right. */
size_t seam_mp3(struct seam *seam);

#endif
