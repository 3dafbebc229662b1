-- SPDX-License-Identifier: MIT
PRAGMA journal_mode = WAL
