-- SPDX-License-Identifier: MIT
-- A trigger may set itself off again: a chain of jobs that wait for one another ends as a whole.
PRAGMA recursive_triggers = ON
