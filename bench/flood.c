/*
 * Opens and closes a file: `flood 1000000` that many times, `flood 10s` for that many seconds.
 * Prints how often, and the nanoseconds per open and close.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv)
{
	char *unit = "";
	long amount = argc > 1 ? strtol(argv[1], &unit, 10) : 100000;
	double from = now(), until = from + amount * 1e9;
	long count = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever measures has gone */
	while (*unit == 's' ? count % 1000 || now() < until : count < amount) {
		close(open("/etc/hostname", O_RDONLY));
		count++;
	}
	printf("%ld %.1f\n", count, (now() - from) / count);
	return 0;
}
