/* Look-ups that hang: few threads, one look-up a host, and other hosts are not kept waiting. This program has its own
   getaddrinfo, which the library calls. */
#define _GNU_SOURCE
#include <netdb.h>
#include <pthread.h>
#include <stdint.h>

#include "answers.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int running, most, look_ups, is_released;

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    (void)service, (void)hints, (void)found;
    pthread_mutex_lock(&lock);
    look_ups++;
    running++;
    if (running > most) most = running;
    pthread_cond_broadcast(&changed);
    while (strncmp(host, "hang", 4) == 0 && !is_released) pthread_cond_wait(&changed, &lock);
    running--;
    pthread_mutex_unlock(&lock);
    return EAI_NONAME;
}

static uint64_t begin(const char *host) {
    char request[512];
    snprintf(request, sizeof request,
             "{\"id\": \"1\", \"configuration\": {\"baseUrl\": \"https://%s\", \"accessToken\": \"t-0123456789\","
             " \"lookup\": {}, \"skipCertificateCheck\": true, \"connectTimeoutSec\": 60, \"maximumRetryCount\": 0}}",
             host);
    return cc_operation_start("cc_get_task", request);
}

static void wait_for(int wanted) {
    pthread_mutex_lock(&lock);
    while (running < wanted) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

int main(void) {
    uint64_t operations[60];
    /* Forty calls to one host: one look-up, and another host is looked up beside it. */
    for (int i = 0; i < 40; i++) operations[i] = begin("hang.example");
    wait_for(1);
    uint64_t other = begin("other.example");
    answers(cc_operation_wait(other, 60000), "\"code\":\"host_not_found\"");
    cc_operation_free(other);
    pthread_mutex_lock(&lock);
    CHECK(look_ups == 2 && running == 1, "more than one look-up for a host");
    pthread_mutex_unlock(&lock);
    /* Twenty hosts: eight look-ups at a time. */
    for (int i = 40; i < 60; i++) {
        char host[32];
        snprintf(host, sizeof host, "hang%d.example", i);
        operations[i] = begin(host);
    }
    wait_for(8);
    pthread_mutex_lock(&lock);
    is_released = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 60; i++) {
        answers(cc_operation_wait(operations[i], 60000), "\"code\":\"host_not_found\"");
        cc_operation_free(operations[i]);
    }
    CHECK(most == 8, "more than eight look-ups at a time");
    CHECK(look_ups == 22, "a host was looked up twice");
    return 0;
}
