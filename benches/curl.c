/* N refreshes through libcurl's easy interface, with one handle whose options are set once: `curl URL N`. The requests
   equal the library's, header for header, and the answer is kept in memory; no filter is checked, and no JSON is built or
   parsed. `curl URL N bare`: without User-Agent and without gzip, which costs time in libcurl even if it is not used. `curl
   URL N threads T`: N requests by each of T threads, each with a handle of its own. */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *bytes;
    size_t length;
};

static size_t keep(char *data, size_t size, size_t count, void *into) {
    struct text *text = into;
    char *bytes = realloc(text->bytes, text->length + size * count + 1);
    if (bytes == NULL) return 0;
    memcpy(bytes + text->length, data, size * count);
    text->bytes = bytes;
    text->length += size * count;
    bytes[text->length] = 0;
    return size * count;
}

static char url[512];
static long calls;
static int bare;

static void *refresh(void *unused) {
    (void)unused;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Accept: application/json");
    headers = curl_slist_append(headers, "Authorization: Bearer sandbox-token");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (!bare) {
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "PSSailpointCC/0.1.0 (linux-x86_64)");
        curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 100L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                     "{\"filter\":\"uid == \\\"amelie.roux\\\"\",\"refreshArgs\":{\"correlateEntitlements\":true,"
                     "\"promoteAttributes\":true}}");
    for (long i = calls; i > 0; i--) {
        struct text answer = {NULL, 0};
        long status = 0;
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
        if (curl_easy_perform(curl) != CURLE_OK || answer.length == 0) exit(1);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200) fprintf(stderr, "status %ld\n", status), exit(1);
        free(answer.bytes);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return NULL;
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    bare = count > 3 && strcmp(arguments[3], "bare") == 0;
    int threads = count > 4 && strcmp(arguments[3], "threads") == 0 ? atoi(arguments[4]) : 0;
    snprintf(url, sizeof url, "%s/cc/api/system/refreshIdentities", arguments[1]);
    calls = atol(arguments[2]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (threads == 0) {
        refresh(NULL);
    } else {
        pthread_t started[threads];
        for (int i = 0; i < threads; i++)
            if (pthread_create(&started[i], NULL, refresh, NULL) != 0) return 1;
        for (int i = 0; i < threads; i++) pthread_join(started[i], NULL);
    }
    curl_global_cleanup();
    return 0;
}
