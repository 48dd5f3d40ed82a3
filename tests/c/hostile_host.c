/* A host that closes its standard streams, changes its environment, answers getpid as it likes, ends its main thread:
   the library keeps its promises. usage: hostile_host URL CASE */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answers.h"

static pid_t pretended;

/* Two processes of two namespaces can have the same number. */
pid_t getpid(void) {
    return pretended != 0 ? pretended : gettid();
}

static const char *url;

static const char *request_here(char *buffer, size_t size, const char *lookup) {
    snprintf(buffer, size,
             "{\"filter\": \"uid == \\\"amelie.roux\\\"\", \"configuration\": {\"baseUrl\": \"%s\", \"accessToken\":"
             " \"sandbox-token\"%s}}",
             url, lookup);
    return buffer;
}

static void closed_streams(const char *text) {
    int report = fcntl(2, F_DUPFD_CLOEXEC, 100);
    for (int i = 0; i < 3; i++) close(i);
    for (int round = 0; round < 2; round++) {
        char *answer = cc_refresh_identities(text);
        int ok = strncmp(answer, "{\"ok\":true", 10) == 0;
        cc_string_free(answer);
        for (int i = 0; i < 3; i++) {
            struct stat file, null;
            /* Closed, or the null device: nothing that carries data. */
            if (fstat(i, &file) == 0 && (stat("/dev/null", &null) != 0 || file.st_rdev != null.st_rdev || !S_ISCHR(file.st_mode))) {
                dprintf(report, "%d is a file of the library\n", i);
                _exit(1);
            }
        }
        if (!ok) _exit(2);
        /* Again, while connections are open. */
        for (int i = 0; i < 3; i++) close(i);
    }
    _exit(0);
}

static volatile int stop;

static void *change_environment(void *none) {
    char name[40];
    /* Each new name moves the environment to another place. */
    for (int i = 0; !stop; i++) {
        snprintf(name, sizeof name, "HOSTILE_%d", i % 20000);
        setenv(name, "some text that is not short", 1);
        if (i % 20000 == 19999) clearenv();
    }
    return none;
}

static void changing_environment(void) {
    char text[600];
    /* Everything that is read of the environment is read here. */
    answers(cc_refresh_identities(request_here(text, sizeof text, "")), "{\"ok\":true");
    setenv("SAIL_CLIENT_ID", "of-later", 1);
    answers(cc_configure(NULL), "{\"ok\":true");
    char *shown = cc_configure(NULL);
    CHECK(strstr(shown, "of-later") == NULL, shown);
    cc_string_free(shown);
    pthread_t thread;
    pthread_create(&thread, NULL, change_environment, NULL);
    for (int i = 0; i < 300; i++) {
        answers(cc_configure("{\"timeoutSec\": 5}"), "{\"ok\":true");
        char https[400];
        snprintf(https, sizeof https,
                 "{\"id\": \"1\", \"configuration\": {\"baseUrl\": \"https://127.0.0.1:1\", \"accessToken\": \"t-0123456789\","
                 " \"connectTimeoutSec\": %d, \"maximumRetryCount\": 0}}", 1 + i % 20);
        answers(cc_get_task(https), "\"ok\":false");
        answers(cc_refresh_identities(request_here(text, sizeof text, "")), "{\"ok\":true");
    }
    stop = 1;
    pthread_join(thread, NULL);
}

static void same_number(void) {
    char text[600];
    request_here(text, sizeof text, ", \"lookup\": {}");
    pretended = 1;
    answers(cc_refresh_identities(text), "{\"ok\":true");
    pid_t child = fork();
    if (child == 0) {
        answers(cc_refresh_identities(text), "\"code\":\"internal\"");
        _exit(0);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0, "the child of the same number");
    answers(cc_refresh_identities(text), "{\"ok\":true");
}

static void *after_main(void *none) {
    pthread_t *main_thread = none;
    pthread_join(*main_thread, NULL);
    char text[600];
    for (int i = 0; i < 3; i++) answers(cc_refresh_identities(request_here(text, sizeof text, ", \"lookup\": {}")), "{\"ok\":true");
    uint64_t operation = cc_operation_start("cc_refresh_identities", text);
    answers(cc_operation_wait(operation, 60000), "\"result\":{\"ok\":true");
    cc_operation_free(operation);
    exit(0);
}

int main(int count, char **arguments) {
    CHECK(count == 3, "usage: hostile_host URL CASE");
    url = arguments[1];
    char text[600];
    if (strcmp(arguments[2], "streams") == 0) closed_streams(request_here(text, sizeof text, ", \"lookup\": {}"));
    if (strcmp(arguments[2], "environment") == 0) changing_environment();
    if (strcmp(arguments[2], "number") == 0) same_number();
    if (strcmp(arguments[2], "exit") == 0) {
        static pthread_t main_thread, thread;
        main_thread = pthread_self();
        pthread_create(&thread, NULL, after_main, &main_thread);
        pthread_exit(NULL);
    }
    return 0;
}
