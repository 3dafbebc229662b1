-- SPDX-License-Identifier: MIT
PRAGMA synchronous = NORMAL
