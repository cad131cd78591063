/*
 * Makes ticks, see ticks.bpf.c: ticks COUNT [LENGTH [PAUSE_MS]]. The tick NUMBER carries
 * NUMBER % LENGTH bytes, each 'a' + (NUMBER + position) % 26. Or: ticks lost COUNT.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TICK 0x7469636b

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "lost") == 0) {
		syscall(SYS_prctl, TICK, atol(argv[2]), 0L, 0L);
		return 0;
	}

	long count = argc > 1 ? atol(argv[1]) : 1;
	long length = argc > 2 ? atol(argv[2]) : 1;
	long pause_ms = argc > 3 ? atol(argv[3]) : 0;
	char pattern[512];

	for (int i = 0; i < (int)sizeof(pattern); i++)
		pattern[i] = 'a' + i % 26;
	for (long number = 0; number < count; number++) {
		syscall(SYS_prctl, TICK, number, pattern + number % 26, number % length);
		if (pause_ms)
			usleep(pause_ms * 1000);
	}
	return 0;
}
