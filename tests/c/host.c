/* The promises to the host process: signals, fork. Linked with nothing: it loads the library itself. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static pthread_t main_thread;
static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted += pthread_equal(pthread_self(), main_thread) ? 1 : 100;
}

/* Every thread of this process but the first blocks every signal that can be blocked; so many there are. */
static void library_threads_block_all_signals(int at_least) {
    DIR *tasks = opendir("/proc/self/task");
    int others = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == (int)getpid()) continue;
        char path[300], line[200];
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        FILE *status = fopen(path, "r");
        CHECK(status != NULL, path);
        while (fgets(line, sizeof line, status) != NULL) {
            if (strncmp(line, "SigBlk:", 7) != 0) continue;
            unsigned long long blocked = strtoull(line + 7, NULL, 16);
            unsigned long long wanted = (1ULL << (SIGINT - 1)) | (1ULL << (SIGTERM - 1)) | (1ULL << (SIGPIPE - 1)) |
                                        (1ULL << (SIGCHLD - 1)) | (1ULL << (SIGUSR1 - 1));
            CHECK((blocked & wanted) == wanted, line);
            others++;
        }
        fclose(status);
    }
    closedir(tasks);
    CHECK(others >= at_least, "too few threads of the library");
}

int main(int count, char **arguments) {
    CHECK(count == 3, "usage: host LIBRARY URL");
    struct sigaction before[32], after;
    signal(SIGUSR1, on_signal);
    signal(SIGINT, on_signal);
    main_thread = pthread_self();
    for (int s = 1; s < 32; s++) sigaction(s, NULL, &before[s]);

    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL, dlerror());
    call refresh = (call)(intptr_t)dlsym(library, "cc_refresh_identities");
    start operation_start = (start)(intptr_t)dlsym(library, "cc_operation_start");
    await operation_wait = (await)(intptr_t)dlsym(library, "cc_operation_wait");
    forget operation_free = (forget)(intptr_t)dlsym(library, "cc_operation_free");
    release string_free = (release)(intptr_t)dlsym(library, "cc_string_free");
    char request[1024];
    snprintf(request, sizeof request,
             "{\"filter\": \"uid == \\\"amelie.roux\\\"\", \"configuration\": {\"baseUrl\": \"%s\", \"accessToken\":"
             " \"sandbox-token\", \"lookup\": {}}}",
             arguments[2]);
    /* The sandbox resets the first connection: a write to it raises SIGPIPE where nobody sees to it. */
    for (int i = 0; i < 3; i++) string_free(refresh(request));
    uint64_t operation = operation_start("cc_refresh_identities", request);
    char *done = operation_wait(operation, 60000);
    CHECK(strstr(done, "\"state\":\"done\",\"result\":{\"ok\":true") != NULL, done);

    /* SIGINT is the host's, and comes to it while an operation runs. */
    uint64_t second = operation_start("cc_refresh_identities", request);
    for (int i = 0; i < 5; i++) kill(getpid(), SIGINT);
    char *undisturbed = operation_wait(second, 60000);
    CHECK(strstr(undisturbed, "\"state\":\"done\",\"result\":{\"ok\":true") != NULL, undisturbed);
    CHECK(interrupted >= 1 && interrupted <= 5, "SIGINT went astray");
    string_free(undisturbed);
    operation_free(second);

    for (int s = 1; s < 32; s++) {
        sigaction(s, NULL, &after);
        CHECK(before[s].sa_handler == after.sa_handler, strsignal(s));
    }
    /* The network's, and an operation's, which stays for a second. */
    library_threads_block_all_signals(2);

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char *answer = refresh(request);
        CHECK(strstr(answer, "\"code\":\"internal\"") != NULL, answer);
        CHECK(strstr(answer, "\"sent\":\"no\"") != NULL, answer);
        string_free(answer);
        for (int i = 0; i < 2; i++) {
            uint64_t own = i == 0 ? operation : operation_start("cc_refresh_identities", request);
            CHECK(own != 0, "0");
            answer = operation_wait(own, 60000);
            CHECK(strstr(answer, "\"code\":\"internal\"") != NULL, answer);
            string_free(answer);
            operation_free(own);
        }
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && status == 0, "the forked child");

    char *again = operation_wait(operation, 60000);
    CHECK(strcmp(again, done) == 0, again);
    string_free(again);
    string_free(done);
    operation_free(operation);
    return 0;
}
