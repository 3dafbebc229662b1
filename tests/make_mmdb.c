/* SPDX-License-Identifier: MIT */
/* make_mmdb FILE ROW...: mmdb_make() for the tests that are no C. */
#include "unit/mmdb_maker.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
	return argc > 1 && mmdb_make(argv[1], (const char *const *)&argv[2], (size_t)argc - 2) ? EXIT_SUCCESS : EXIT_FAILURE;
}
