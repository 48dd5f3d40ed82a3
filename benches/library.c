/* N refreshes through the library: `library URL N`. Measured from outside (cargo xtask bench). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pssailpointcc.h"

int main(int count, char **arguments) {
    if (count != 3) return 2;
    char request[1024];
    snprintf(request, sizeof request,
             "{\"filter\":\"uid == \\\"amelie.roux\\\"\",\"refreshArgs\":{\"correlateEntitlements\":true,\"promoteAttributes\":true},"
             "\"configuration\":{\"baseUrl\":\"%s\",\"accessToken\":\"sandbox-token\"}}",
             arguments[1]);
    for (long i = atol(arguments[2]); i > 0; i--) {
        char *answer = cc_refresh_identities(request);
        if (strncmp(answer, "{\"ok\":true", 10) != 0) return fputs(answer, stderr), 1;
        cc_string_free(answer);
    }
    return 0;
}
