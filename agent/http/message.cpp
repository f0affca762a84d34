#include "agent/http/message.h"

#include "core/json.h"

namespace kcloud::http {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string_view Request::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

void add_header(Response& response, std::string_view name, std::string_view value) {
  response.headers.append(name).append(": ");
  for (char c : value) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) response.headers.push_back(c);
  }
  response.headers.append("\r\n");
}

Response problem(int status, std::string_view detail, std::string_view members) {
  Response response{.status = status, .content_type = kProblemJson};
  std::string& out = response.body;
  out.append(R"({"type":"about:blank","title":)");
  core::append_json_string(out, reason_phrase(status));
  out.append(",\"status\":").append(std::to_string(status)).append(",\"detail\":");
  core::append_json_string(out, detail);
  out.append(members).append("}\n");
  return response;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 207:
      return "Multi-Status";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

}  // namespace kcloud::http
