#include "agent/http/head.h"

#include <ctime>

namespace kcloud::http {

void append_head(std::string& out, const Response& response, Framing framing, bool close,
                 bool old_client, std::string_view date) {
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).push_back(' ');
  out.append(reason_phrase(response.status)).append("\r\nDate: ").append(date).append("\r\n");
  if (response.status != 204) {
    out.append("Content-Type: ").append(response.content_type);
    out.append("\r\nX-Content-Type-Options: nosniff\r\n");
    if (framing == Framing::kLength) {
      out.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
    } else if (framing == Framing::kChunked) {
      out.append("Transfer-Encoding: chunked\r\n");
    }
  }
  if (close) {
    out.append("Connection: close\r\n");
  } else if (old_client) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append(response.headers).append("\r\n");
}

std::string imf_date(std::int64_t unix_seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = unix_seconds;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                                 utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace kcloud::http
