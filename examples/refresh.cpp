// Refreshes one person, and prints the answer. The tenant and its credentials come from SAIL_BASE_URL, SAIL_CLIENT_ID and
// SAIL_CLIENT_SECRET.
//
//     c++ -std=c++17 examples/refresh.cpp -Iinclude -Ltarget/release -lpssailpointcc -o refresh
#include <iostream>

#include "pssailpointcc.hpp"

int main() {
    const std::string answer = pssailpointcc::refresh_identities(
        R"({ "filter": "uid == \"amelie.roux\"", "refreshArgs": { "promoteAttributes": true } })");
    std::cout << answer << '\n';
    return answer.rfind(R"({"ok":true)", 0) == 0 ? 0 : 1;
}
