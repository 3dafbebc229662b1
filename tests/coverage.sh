#!/bin/sh
# SPDX-License-Identifier: MIT
# Which lines of src/ ran, by gcov, from what the tests left below the working folder (a build with --enable-coverage):
# a line for each file, the least covered last, then the sum. What runs in the worker's cage cannot be counted, as it
# may not write files.
set -eu
LC_ALL=C
export LC_ALL
find . -name '*.gcda' -exec "${GCOV:-gcov}" --no-output {} + 2>/dev/null | awk '
	/^File / { file = $2; gsub(/\047/, "", file); wanted = sub(/^.*\/src\//, "src/", file) && file ~ /\.c$/ }
	/^Lines executed:/ && wanted {
		split($0, part, /[:% ]+/)
		lines[file] = $NF
		ran = part[3] * $NF / 100
		if (ran > most[file]) most[file] = ran
		wanted = 0
	}
	END {
		for (file in lines) {
			printf "%6.1f %%  %5d  %s\n", 100 * most[file] / lines[file], lines[file], file | "sort -rn"
			total += lines[file]
			sum += most[file]
		}
		close("sort -rn")
		if (!total) { print "coverage: nothing was counted"; exit 1 }
		printf "%6.1f %% of %d lines\n", 100 * sum / total, total
	}'
