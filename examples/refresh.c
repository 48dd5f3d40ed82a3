/* Refreshes one person. The tenant and its credentials come from SAIL_BASE_URL, SAIL_CLIENT_ID and SAIL_CLIENT_SECRET.
 *
 *     cc examples/refresh.c -Iinclude -Ltarget/release -lpssailpointcc -o refresh
 *     LD_LIBRARY_PATH=target/release ./refresh
 */
#include <stdio.h>
#include <string.h>

#include "pssailpointcc.h"

int main(void) {
    char *answer = cc_refresh_identities(
        "{ \"filter\": \"uid == \\\"amelie.roux\\\"\","
        "  \"refreshArgs\": { \"correlateEntitlements\": true, \"promoteAttributes\": true } }");
    int done = strncmp(answer, "{\"ok\":true", 10) == 0;
    puts(answer);
    cc_string_free(answer);
    return done ? 0 : 1;
}
