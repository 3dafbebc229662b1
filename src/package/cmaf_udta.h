/* SPDX-License-Identifier: MIT */
/*
 * What a CMAF file says of itself: the udta box of its moov. Tags and loudness as iTunes and all who followed keep them
 * (meta, ilst), chapters as Nero did (chpl); players pass over what they do not know. Who wants sound waits for the
 * init section first, so that chapters and lyrics may be no longer than CMAF_LONG_BYTES together: of the lowest usual
 * bit rate that is a second. What does not fit is left out whole, lyrics rather than chapters. Thread-safe, no state.
 */
#ifndef TONEARM_PACKAGE_CMAF_UDTA_H
#define TONEARM_PACKAGE_CMAF_UDTA_H

#include "package/cmaf.h"

#include "base/buf.h"

/* Appends udta to OUT, nothing when there is nothing to say. Its size does not depend on GAIN. */
void cmaf_udta_put(struct buf *out, const struct cmaf_tags *tags, const struct cmaf_gain *gain);

#endif
