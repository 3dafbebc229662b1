-- SPDX-License-Identifier: MIT
-- In WAL mode a commit may be lost with the power until the log is synced: this syncs it.
PRAGMA wal_checkpoint(PASSIVE)
