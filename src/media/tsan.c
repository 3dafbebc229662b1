/* SPDX-License-Identifier: MIT */
/*
 * For programs that run the pipeline under ThreadSanitizer; they list this file among their own, as nothing refers to
 * it. FFmpeg counts references with atomics that are not instrumented: what it copies and frees would look like races.
 */
const char *__tsan_default_suppressions(void);

#ifdef TONEARM_SANITIZER
const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:libavutil.so\ncalled_from_lib:libavcodec.so\ncalled_from_lib:libavformat.so\n"
	       "called_from_lib:libswresample.so\ncalled_from_lib:libsoxr.so\n";
}
#endif
