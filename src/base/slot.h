/* SPDX-License-Identifier: MIT */
/*
 * A number of places shared by all processes of a machine: who holds one holds a record lock on one byte of a file, by
 * an open file description of its own (F_OFD_SETLK), so that the kernel gives it back however its process ends. Nothing
 * is written to the file. Thread-safe.
 *
 *     slot_take() ──► descriptor ──► slot_give(), or the end of the process
 */
#ifndef TONEARM_BASE_SLOT_H
#define TONEARM_BASE_SLOT_H

#include "base/err.h"

#include <stdint.h>

/*
 * Takes one of the COUNT places of the file PATH, which is made when it is missing. *SLOT is for slot_give(), -1 on
 * failure. ERR_BUSY when none is free, ERR_IO.
 */
enum err slot_take(const char *path, int64_t count, int *slot, struct err_info *info);

/* Gives it back. -1 is allowed. */
void slot_give(int slot);

#endif
