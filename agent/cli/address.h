// Where a command finds a running agent, and what it says when it does not. Alike for all commands
// that ask one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporters/http_client/client.h"

namespace kcloud::cli {

struct Address {
  std::string url = "http://localhost:8007";
  std::string token;  // bearer; empty: none
  std::string ca;     // PEM file of the authorities to trust; empty: the system's
  std::string cert;   // PEM files of the client's own certificate and its key; empty: none
  std::string key;
};

// Without slashes at its end.
std::string base_url(const Address& address);
// Authorization, when there is a token.
std::vector<http_client::Header> headers_of(const Address& address);
// `options` with the address's files.
http_client::Options options_of(const Address& address, http_client::Options options = {});

// Why there was no answer, and what helps: a sentence and a hint.
std::string explain_silence(const http_client::Response& response);

// Says on standard error what an answer is that is none of success, and returns its exit code; 0
// for one that is. `role`: what a token needs, for the hint.
int refused(const http_client::Response& response, std::string_view role);

}  // namespace kcloud::cli
