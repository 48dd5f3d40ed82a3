/* 1,000 calls from 64 threads with 256 KiB of stack each. */
#include <pthread.h>

#include "answers.h"

enum { THREADS = 64, CALLS = 1000 };

static const char *url;

static void *work(void *argument) {
    char buffer[1024];
    long number = (long)(size_t)argument;
    for (long i = number; i < CALLS; i += THREADS)
        answers(cc_refresh_identities(request(buffer, sizeof buffer, url, "uid == \\\"amelie.roux\\\"")), "{\"ok\":true");
    return NULL;
}

int main(int count, char **arguments) {
    CHECK(count == 2, "usage: threads URL");
    url = arguments[1];
    pthread_t threads[THREADS];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    for (size_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], &attributes, work, (void *)i) == 0, "pthread_create");
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    return 0;
}
