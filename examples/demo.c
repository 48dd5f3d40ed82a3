/* `cargo demo` without PowerShell: the documented example in C, on the tenant whose address is given. */
#include <stdio.h>

#include "pssailpointcc.h"

static void refresh(const char *url, const char *whom, const char *arguments) {
    char request[2048];
    snprintf(request, sizeof request,
             "{ %s,\n"
             "  \"refreshArgs\": { %s },\n"
             "  \"configuration\": { \"baseUrl\": \"%s\", \"accessToken\": \"sandbox-token\" } }",
             whom, arguments, url);
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
    puts("1. The documented page's placeholder is no filter. The service would refresh everybody.\n");
    refresh(arguments[1], "\"filter\": \"MyVarFilter\"", documented);
    puts("2. A filter that names two people.\n");
    refresh(arguments[1], "\"filter\": \"uid == \\\"amelie.roux\\\" || uid == \\\"john.smith\\\"\"", documented);
    puts("3. People by name, waited for. Only their ids are sent, so that it can never become everybody.\n");
    refresh(arguments[1],
            "\"identities\": [\"amelie.roux\", \"nobody.here\", \"smith\"],\n"
            "  \"options\": { \"wait\": true }",
            "\"promoteAttributes\": true");
    return 0;
}
