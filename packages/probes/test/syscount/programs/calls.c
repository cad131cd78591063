/*
 * Makes known numbers of calls: `calls COUNT` waits for a line, lets each of four threads make COUNT of them, and some more by itself.
 * With `wait` after it waits for another line before it ends.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int count;

static void *make_calls(void *none)
{
	for (int i = 0; i < count; i++)
		syscall(SYS_getpgrp);
	return none;
}

/* From a 64-bit program too, int $0x80 is a 32-bit call. */
static void call32(long number)
{
	long result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(number), "b"(0), "c"(0), "d"(0)
		     : "memory", "r8", "r9", "r10", "r11");
}

static void handle(int signal)
{
}

/* Waits for a signal so many times, each time interrupted by it. */
static void wait_for_alarms(int times)
{
	struct sigaction action = {.sa_handler = handle};
	struct itimerval soon = {.it_value = {.tv_usec = 20000}};

	sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < times; i++) {
		setitimer(ITIMER_REAL, &soon, NULL);
		syscall(SYS_pause);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[4];
	char line[16];

	count = atoi(argv[1]);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, make_calls, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 70; i++)
		call32(47); /* getgid; the 64-bit call is recvmsg */
	for (int i = 0; i < 30; i++)
		syscall(SYS_dup2, -1, -1);
	for (int i = 0; i < 20; i++)
		syscall(SYS_readlink, "/no such file", line, sizeof(line));
	for (int i = 0; i < 5; i++)
		syscall(999);
	for (int i = 0; i < 3; i++)
		syscall(5000 + i);
	for (int i = 0; i < 10; i++)
		syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = 20000000}, NULL);
	wait_for_alarms(2);
	puts("done");
	fflush(stdout);
	if (argc > 2 && !fgets(line, sizeof(line), stdin))
		return 1;
	return 0;
}
