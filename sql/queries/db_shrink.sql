-- SPDX-License-Identifier: MIT
-- So many free pages at a time that nobody waits long for the lock.
PRAGMA incremental_vacuum(256)
