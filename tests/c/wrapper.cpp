// The C++ wrapper does what the C functions do.
#include "pssailpointcc.hpp"

#include <iostream>

static int failed(const char *what, const std::string &found) {
    std::cerr << what << "\n  found: " << found << '\n';
    return 1;
}

int main(int count, char **arguments) {
    if (count != 2) return failed("usage", "wrapper URL");
    if (pssailpointcc::abi_version() != CC_ABI_VERSION) return failed("abi_version", pssailpointcc::version());
    const std::string url = arguments[1];
    const std::string set = pssailpointcc::configure(R"({"baseUrl": ")" + url + R"(", "accessToken": "sandbox-token", "lookup": {}})");
    if (set != pssailpointcc::configuration()) return failed("configuration", set);
    const std::string answer = pssailpointcc::refresh_identities(R"({"filter": "uid == \"amelie.roux\""})");
    if (answer.rfind(R"({"ok":true)", 0) != 0) return failed("refresh_identities", answer);
    const std::string checked = pssailpointcc::check_filter(R"({"filter": "uid==\"amelie.roux\""})");
    if (checked.find(R"("canonical":"uid == \"amelie.roux\"")") == std::string::npos) return failed("check_filter", checked);
    const std::string found = pssailpointcc::find_identities(R"({"filter": "uid == \"amelie.roux\""})");
    if (found.find(R"("total":1)") == std::string::npos) return failed("find_identities", found);
    return 0;
}
