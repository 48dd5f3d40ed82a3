/* `cargo demo` without PowerShell: the documented example in C, on the tenant whose address is given. */
#include <stdio.h>

#include "pssailpointcc.h"

static void refresh(const char *url, const char *filter) {
    char request[2048];
    snprintf(request, sizeof request,
             "{ \"filter\": \"%s\",\n"
             "  \"refreshArgs\": { \"correlateEntitlements\": true, \"promoteAttributes\": true,\n"
             "                   \"refreshManagerStatus\": false, \"synchronizeAttributes\": false,\n"
             "                   \"pruneIdentities\": false, \"provision\": false },\n"
             "  \"configuration\": { \"baseUrl\": \"%s\", \"accessToken\": \"sandbox-token\" } }",
             filter, url);
    printf("cc_refresh_identities:\n%s\n\n", request);
    char *answer = cc_refresh_identities(request);
    printf("answers:\n%s\n\n", answer);
    cc_string_free(answer);
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: demo BASE_URL\n");
        return 2;
    }
    puts("1. The documented page's placeholder is no filter. The service would refresh everybody.\n");
    refresh(arguments[1], "MyVarFilter");
    puts("2. A filter that names two people.\n");
    refresh(arguments[1], "uid == \\\"amelie.roux\\\" || uid == \\\"john.smith\\\"");
    return 0;
}
