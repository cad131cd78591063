/*
 * Opens and closes a file: `flood 1000000` that many times, `flood 10s` for that many seconds.
 * Prints how often, the nanoseconds per open and close, and those that this process ran.
 * `flood AMOUNT -` does it each time that it reads a line, until there is none.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void flood(long amount, char unit)
{
	double from = now(CLOCK_MONOTONIC), ran = now(CLOCK_PROCESS_CPUTIME_ID);
	double until = from + amount * 1e9;
	long count = 0;

	while (unit == 's' ? count % 1000 || now(CLOCK_MONOTONIC) < until : count < amount) {
		close(open("/etc/hostname", O_RDONLY));
		count++;
	}
	printf("%ld %.1f %.1f\n", count, (now(CLOCK_MONOTONIC) - from) / count,
	       (now(CLOCK_PROCESS_CPUTIME_ID) - ran) / count);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char *unit = "", line[16];
	long amount = argc > 1 ? strtol(argv[1], &unit, 10) : 100000;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever measures has gone */
	if (argc < 3)
		flood(amount, *unit);
	else
		while (fgets(line, sizeof(line), stdin))
			flood(amount, *unit);
	return 0;
}
