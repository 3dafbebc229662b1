/* SPDX-License-Identifier: MIT */
/*
 * APE tags (versions 1 and 2) at the end of MP3 and AAC files, which FFmpeg passes over. Pure but for pread().
 */
#ifndef TONEARM_MEDIA_APE_H
#define TONEARM_MEDIA_APE_H

#include "media/tags.h"

/*
 * Takes what TAGS has not from the APE tag of the file FD, if it has one: it ends the file, or stands before an ID3v1
 * tag. Of several values the first counts; pictures and other binary items are passed over. A damaged tag gives what
 * comes before the damage.
 */
void ape_read(int fd, struct tags *tags);

#endif
