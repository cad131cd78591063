/*
 * Opens a file at every whole millisecond until it is told to end. Prints its start, in
 * nanoseconds of CLOCK_MONOTONIC, and at the end the number of opens.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int signal)
{
	ended = signal;
}

int main(void)
{
	struct timespec at;
	long count = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever measures has gone */
	signal(SIGTERM, end);
	clock_gettime(CLOCK_MONOTONIC, &at);
	printf("%lld\n", at.tv_sec * 1000000000ll + at.tv_nsec);
	fflush(stdout);
	while (!ended) {
		close(open("/etc/hostname", O_RDONLY));
		count++;
		at.tv_nsec += 1000000;
		at.tv_sec += at.tv_nsec / 1000000000;
		at.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
	printf("%ld\n", count);
	return 0;
}
