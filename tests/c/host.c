/* The promises to the host process: signals, dlclose, fork. Linked with nothing: it loads the library itself. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition, found)                                                                 \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            fprintf(stderr, "%s:%d: %s\n  found: %s\n", __FILE__, __LINE__, #condition, found); \
            exit(1);                                                                            \
        }                                                                                       \
    } while (0)

typedef char *(*call)(const char *);
typedef void (*release)(char *);

static void on_signal(int number) { (void)number; }

/* Every thread of this process but the first blocks every signal that can be blocked. */
static void library_threads_block_all_signals(void) {
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
    CHECK(others > 0, "no thread of the library");
}

int main(int count, char **arguments) {
    CHECK(count == 3, "usage: host LIBRARY URL");
    struct sigaction before[32], after;
    signal(SIGUSR1, on_signal);
    for (int s = 1; s < 32; s++) sigaction(s, NULL, &before[s]);

    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL, dlerror());
    call refresh = (call)(intptr_t)dlsym(library, "cc_refresh_identities");
    release string_free = (release)(intptr_t)dlsym(library, "cc_string_free");
    char request[1024];
    snprintf(request, sizeof request,
             "{\"filter\": \"uid == \\\"amelie.roux\\\"\", \"configuration\": {\"baseUrl\": \"%s\", \"accessToken\":"
             " \"sandbox-token\", \"lookup\": {}}}",
             arguments[2]);
    /* The sandbox resets the first connection: a write to it raises SIGPIPE where nobody sees to it. */
    for (int i = 0; i < 3; i++) string_free(refresh(request));

    for (int s = 1; s < 32; s++) {
        sigaction(s, NULL, &after);
        CHECK(before[s].sa_handler == after.sa_handler, strsignal(s));
    }
    library_threads_block_all_signals();

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char *answer = refresh(request);
        CHECK(strstr(answer, "\"code\":\"internal\"") != NULL, answer);
        CHECK(strstr(answer, "\"sent\":\"no\"") != NULL, answer);
        string_free(answer);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && status == 0, "the forked child");

    /* Unloading is refused: the function pointers stay good, and so does the thread. */
    CHECK(dlclose(library) == 0, dlerror());
    char *answer = refresh(request);
    CHECK(strncmp(answer, "{\"ok\":true", 10) == 0, answer);
    string_free(answer);
    return 0;
}
