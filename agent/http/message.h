// A request and a response as the routes see them. Plain values; no HTTP library behind them.
//
// The views of a Request point into the connection's buffer: valid until its Reply is answered or
// destroyed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kcloud::http {

struct Header {
  std::string_view name;
  std::string_view value;
};

struct Request {
  std::string_view method;
  std::string_view path;   // as sent, still percent-encoded; starts with `/` (or is `*`)
  std::string_view query;  // behind the `?`, still percent-encoded
  std::vector<Header> headers;
  std::string body;              // without transfer encoding; a handler may move it away
  bool expects_body = false;     // the body's length is not zero
  bool client_verified = false;  // the client's certificate was verified
  std::string_view client_name;  // of that certificate
  void* owner = nullptr;         // the handler's own: what admit() leaves for handle()
  std::uint64_t admitted = 0;    // likewise: by which of its settings

  // The first header of that name (ASCII case does not matter); empty when absent.
  std::string_view header(std::string_view name) const;
};

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProblemJson = "application/problem+json";

struct Response {
  int status = 200;
  std::string_view content_type = kJson;  // a constant
  std::string headers = {};               // further lines, each `Name: value\r\n`
  std::string body = {};
  bool close = false;  // end the connection behind it
};

// Appends `name: value\r\n`; control characters in `value` are left out.
void add_header(Response& response, std::string_view name, std::string_view value);

// An RFC 9457 problem document. `members`: further JSON members, each with a leading comma.
Response problem(int status, std::string_view detail, std::string_view members = {});

// The reason phrase of a status code, `Unknown` for others.
std::string_view reason_phrase(int status);

bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace kcloud::http
