/*
 * Execs what is in a folder: family FOLDER. Processes of several threads, each of which starts children
 * that fail to exec a few times and then succeed; at last a thread that is not the leader execs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4
#define THREADS 3
#define ROUNDS 10

static const char *names[] = {"program", "script", "nested"};
static const char *folder;
static int directory;

static void by_path(const char *name)
{
	char path[4096];
	char *args[] = {"family", "1", NULL};

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	execve(path, args, environ);
}

static void by_descriptor(const char *name)
{
	char *args[] = {"family", "2", NULL};

	syscall(SYS_execveat, directory, name, args, environ, 0);
}

static void child(int round)
{
	by_path("missing");
	by_descriptor("plain");
	if (round % 2)
		by_path(names[round % 3]);
	by_descriptor(names[round % 3]);
	_exit(1);
}

static void *start_children(void *failed)
{
	for (int round = 0; round < ROUNDS; round++) {
		int status, pid = fork();

		if (pid == 0)
			child(round);
		by_path("missing");
		if (waitpid(pid, &status, 0) != pid || status)
			*(int *)failed = 1;
	}
	return NULL;
}

static void *exec(void *unused)
{
	by_path("program");
	return unused;
}

static int process(void)
{
	pthread_t threads[THREADS], last;
	int failed = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, start_children, &failed);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (failed)
		return 1;
	pthread_create(&last, NULL, exec, NULL);
	pthread_join(last, NULL);
	return 1;
}

int main(int argc, char **argv)
{
	int failed = 0, status;

	folder = argv[argc - 1];
	directory = open(folder, O_PATH | O_DIRECTORY);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			return process();
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
