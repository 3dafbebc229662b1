-- SPDX-License-Identifier: MIT
PRAGMA freelist_count
