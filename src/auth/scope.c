/* SPDX-License-Identifier: MIT */
#include "auth/scope.h"

#include <string.h>

bool scope_has(const char *granted, const char *wanted)
{
	size_t length = strlen(wanted);

	if (granted == NULL || length == 0)
		return false;
	for (const char *word = granted; *word != '\0';) {
		size_t size = strcspn(word, " ");

		if (size == length && memcmp(word, wanted, length) == 0)
			return true;
		word += size + strspn(word + size, " ");
	}
	return false;
}
