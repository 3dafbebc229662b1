/* SPDX-License-Identifier: MIT */
/* The least that a CGI program can do. */
#include <stdio.h>

int main(void)
{
	return puts("Content-Type: text/plain\r\n\r") == EOF;
}
