/* The same refreshes through libcurl's easy interface, one handle for all: `curl URL N`. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

static size_t keep(char *data, size_t size, size_t count, void *total) {
    (void)data;
    *(size_t *)total += size * count;
    return size * count;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    char url[512];
    snprintf(url, sizeof url, "%s/cc/api/system/refreshIdentities", arguments[1]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Accept: application/json");
    headers = curl_slist_append(headers, "Authorization: Bearer sandbox-token");
    size_t total = 0;
    for (long i = atol(arguments[2]); i > 0; i--) {
        long status = 0;
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &total);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, 100L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                         "{\"filter\":\"uid == \\\"amelie.roux\\\"\",\"refreshArgs\":{\"correlateEntitlements\":true,"
                         "\"promoteAttributes\":true}}");
        if (curl_easy_perform(curl) != CURLE_OK) return 1;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200) return fprintf(stderr, "status %ld\n", status), 1;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return total == 0;
}
