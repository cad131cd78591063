/*
 * chain FOLDER LAST [FIRST]: opens FOLDER/FIRST, by default 0, to FOLDER/LAST, each by a child of
 * the one before, which waits for it. Each execs, as memory that so many share costs time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	long last = count > 2 ? atol(arguments[2]) : 0, number = count > 3 ? atol(arguments[3]) : 0;
	char path[4096], next[32];
	int status;

	if (number == 0) {
		puts("started");
		fflush(stdout);
	}
	snprintf(path, sizeof(path), "%s/%ld", arguments[1], number);
	close(open(path, O_RDONLY));
	if (number == last)
		return 0;
	snprintf(next, sizeof(next), "%ld", number + 1);
	if (fork() == 0) {
		execl(arguments[0], arguments[0], arguments[1], arguments[2], next, NULL);
		return 1;
	}
	wait(&status);
	return WEXITSTATUS(status);
}
