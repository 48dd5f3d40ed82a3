/* N refreshes through the library: `library URL N`. `library URL N preflight`: the same with preflight. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pssailpointcc.h"

int main(int count, char **arguments) {
    if (count < 3) return 2;
    int preflight = count > 3 && strcmp(arguments[3], "preflight") == 0;
    char request[1024];
    snprintf(request, sizeof request,
             "{\"filter\":\"uid == \\\"amelie.roux\\\"\",\"refreshArgs\":{\"correlateEntitlements\":true,\"promoteAttributes\":true},"
             "\"options\":{\"preflight\":%s},\"configuration\":{\"baseUrl\":\"%s\",\"accessToken\":\"sandbox-token\",\"rateLimit\":{\"requests\":10000,\"seconds\":0.001}}}",
             preflight ? "true" : "false", arguments[1]);
    for (long i = atol(arguments[2]); i > 0; i--) {
        char *answer = cc_refresh_identities(request);
        if (strncmp(answer, "{\"ok\":true", 10) != 0) return fputs(answer, stderr), 1;
        cc_string_free(answer);
    }
    return 0;
}
