/* `cargo demo` without PowerShell: the documented example in C, on the tenant at the given address. */
#include <stdio.h>

#include "pssailpointcc.h"

static void refresh(const char *url, const char *people, const char *arguments) {
    char request[2048];
    snprintf(request, sizeof request,
             "{ %s,\n"
             "  \"refreshArgs\": { %s },\n"
             "  \"configuration\": { \"baseUrl\": \"%s\", \"accessToken\": \"sandbox-token\" } }",
             people, arguments, url);
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
    const char *documented = "\"correlateEntitlements\": true, \"promoteAttributes\": true, \"refreshManagerStatus\": false,\n"
                             "                   \"synchronizeAttributes\": false, \"pruneIdentities\": false, \"provision\": false";
    puts("1. The placeholder of the documented page is not a filter. The service would refresh everybody.\n");
    refresh(arguments[1], "\"filter\": \"MyVarFilter\"", documented);
    puts("2. A filter that names two people.\n");
    refresh(arguments[1], "\"filter\": \"uid == \\\"amelie.roux\\\" || uid == \\\"john.smith\\\"\"", documented);
    puts("3. People by name, with a wait for the end. Only ids are sent, so this can never refresh everybody.\n");
    refresh(arguments[1],
            "\"identities\": [\"amelie.roux\", \"nobody.here\", \"smith\"],\n"
            "  \"options\": { \"wait\": true }",
            "\"promoteAttributes\": true");
    return 0;
}
