/*
 * Two processes hand a byte back and forth through pipes: `handoffs 100000` does that many
 * times. For each handoff both make system calls, sleep and are woken. Prints the nanoseconds
 * per handoff.
 */
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
	long amount = argc > 1 ? atol(argv[1]) : 100000;
	int there[2], back[2];
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever measures has gone */
	if (pipe(there) || pipe(back))
		return 1;
	if (fork() == 0) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1)
			if (write(back[1], &byte, 1) != 1)
				return 1;
		return 0;
	}
	double from = now();

	for (long i = 0; i < amount; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			return 1;
	printf("%.1f\n", (now() - from) / amount);
	return 0;
}
