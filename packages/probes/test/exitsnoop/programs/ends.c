/*
 * Ends processes in every way, each after 50 ms, in the folder given; prints, as JSON, what wait says of each, and how long
 * it lived at most. "many N" ends N processes instead, each by all its threads at one moment, and prints their ids.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *self;

static void rest(void)
{
	usleep(50000);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void *end_thread(void *code)
{
	rest();
	syscall(SYS_exit, (long)code);
	return NULL;
}

static void *end_process(void *code)
{
	rest();
	exit((long)code);
}

static void *become(void *code)
{
	rest();
	execl(self, self, code, NULL);
	return NULL;
}

static void *sleep_long(void *unused)
{
	sleep(100);
	return unused;
}

static void with(void *(*run)(void *), void *given)
{
	pthread_t thread;

	pthread_create(&thread, NULL, run, given);
}

static void end(const char *way)
{
	struct rlimit limit = {0, 0};
	int number = atoi(strchr(way, ' ') ? strchr(way, ' ') : "0");
#define IS(name) (!strncmp(way, name, strlen(name)))

	prctl(PR_SET_NAME, way);
	if (IS("exit")) {
		rest();
		_exit(number);
	}
	if (IS("signal") || IS("dump")) {
		if (IS("dump"))
			limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
		setrlimit(RLIMIT_CORE, &limit);
		rest();
		raise(number);
	}
	if (IS("leader first")) { /* its code is the process's, though not the last */
		with(end_thread, (void *)6);
		syscall(SYS_exit, 5);
	}
	if (IS("thread exits")) {
		with(end_process, (void *)7);
		syscall(SYS_exit, 0);
	}
	if (IS("thread executes")) {
		with(sleep_long, NULL);
		with(become, "exit 9");
		sleep(100);
	}
	if (IS("threads")) {
		for (long i = 1; i <= 3; i++)
			with(i == 1 ? end_thread : sleep_long, (void *)i);
		rest();
		rest();
		_exit(number);
	}
	_exit(111);
}

static void *end_now(void *unused)
{
	while (!*(volatile int *)unused)
		;
	syscall(SYS_exit, 0);
	return NULL;
}

/* A process whose threads all end by themselves at one moment. */
static void end_at_once(void)
{
	static int go;

	for (int i = 0; i < 3; i++)
		with(end_now, &go);
	go = 1;
	syscall(SYS_exit, 0);
}

int main(int count, char **args)
{
	const char *ways[] = {"exit 0",	      "exit 3",		 "exit 255", "signal 9",
			      "signal 11",    "signal 37",	 "dump 6",   "leader first",
			      "thread exits", "thread executes", "threads 4"};

	self = args[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count == 2 && !strncmp(args[1], "exit", 4))
		end(args[1]);
	if (count == 2 && !strncmp(args[1], "many", 4)) {
		for (int left = atoi(args[1] + 4); left > 0; left--) {
			int pid = fork();

			if (pid == 0)
				end_at_once();
			waitpid(pid, NULL, 0);
			printf("%d\n", pid);
		}
		return 0;
	}
	if (chdir(args[1]))
		return 1;
	for (unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		double start = now();
		int pid = fork(), status;

		if (pid == 0)
			end(ways[i]);
		waitpid(pid, &status, 0);
		printf("{\"way\":\"%s\",\"pid\":%d,\"exitCode\":%d,\"signal\":%d,\"coreDumped\":%s,"
		       "\"mostUs\":%.0f}\n",
		       ways[i], pid, WIFEXITED(status) ? WEXITSTATUS(status) : 0,
		       WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		       WIFSIGNALED(status) && WCOREDUMP(status) ? "true" : "false", now() - start);
	}
	return 0;
}
