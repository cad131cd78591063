/*
 * Opens files from many threads of many processes: family FOLDER. Each of four children, two of
 * them children of children, has three threads, and each thread opens 25 files that it makes, 25
 * that are there and 25 that are not; one child becomes a shell that opens some more.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *opens(void *number)
{
	char path[64];

	for (int i = 0; i < 25; i++) {
		snprintf(path, sizeof(path), "made-%d-%ld-%d", getpid(), (long)number, i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
		close(open("/dev/null", O_RDWR));
		snprintf(path, sizeof(path), "./missing/%ld/%d", (long)number, i);
		open(path, O_RDONLY);
	}
	return NULL;
}

static void all_threads(void)
{
	pthread_t threads[3];

	for (long i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, opens, (void *)i);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	if (argc != 2 || chdir(argv[1]))
		return 1;
	for (int i = 0; i < 4; i++) {
		if (fork())
			continue;
		if (i < 2 && fork())
			while (wait(NULL) > 0)
				;
		all_threads();
		if (i == 3)
			execl("/bin/sh", "sh", "-c", "cat /etc/hostname no-such-file > copied 2> complaint; :", NULL);
		exit(0);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
