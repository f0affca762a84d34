#include "agent/http/parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace kcloud::http {

namespace beast = boost::beast;

namespace {

// A body's memory is taken ahead only up to this; a length that a client claims costs nothing.
constexpr std::uint64_t kReserveBytes = 256 << 10;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// Grows in halves of the limit: the last copy is of half a body, so that old and new together are
// never larger than the limit.
void make_room(std::string& body, std::size_t bytes, std::uint64_t limit) {
  const std::size_t needed = body.size() + bytes;
  if (needed <= body.capacity() || needed <= kReserveBytes) return;
  std::uint64_t room = limit;
  while (room / 2 >= needed && room > kReserveBytes) room /= 2;
  std::string roomier;  // reserve() of `body` itself would at least double it
  roomier.reserve(std::max<std::uint64_t>(room, needed));
  roomier.append(body);
  body.swap(roomier);
}

}  // namespace

std::optional<std::size_t> find_header_end(std::string_view data, std::size_t from) {
  const std::size_t at = data.find("\r\n\r\n", from > 3 ? from - 3 : 0);
  if (at == std::string_view::npos) return std::nullopt;
  return at + 4;
}

bool has_folded_line(std::string_view header) {
  for (std::size_t at = header.find('\n'); at != std::string_view::npos && at + 1 < header.size();
       at = header.find('\n', at + 1)) {
    if (header[at + 1] == ' ' || header[at + 1] == '\t') return true;
  }
  return false;
}

Parser::Parser(Request& request, const ParserLimits& limits) : request_(request), limits_(limits) {
  request_.headers.clear();
  request_.body.clear();
  request_.expects_body = false;
  body_limit(boost::none);
  header_limit(limits.max_header_bytes + 4);
}

void Parser::refuse(Error& error, int status, std::string_view problem) {
  status_ = status;
  problem_ = problem;
  error = beast::http::error::bad_value;
}

void Parser::set_target(std::string_view target, Error& error) {
  if (!target.starts_with('/') && target != "*") {
    const std::size_t authority = target.find("://");
    if (authority == std::string_view::npos) {
      return refuse(error, 400, "the request target must start with a slash");
    }
    const std::size_t slash = target.find_first_of("/?", authority + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    if (target.starts_with('?')) {
      return refuse(error, 400, "the request target has a query but no path");
    }
  }
  const std::size_t mark = target.find('?');
  request_.path = target.substr(0, mark);
  request_.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

void Parser::on_request_impl(beast::http::verb, View method, View target, int version,
                             Error& error) {
  version_ = version;
  request_.method = view(method);
  set_target(view(target), error);
}

bool Parser::is_repeated(std::string_view name) const {
  const auto same = [&](const Header& one) { return equals_ignoring_case(one.name, name); };
  return std::count_if(request_.headers.begin(), request_.headers.end(), same) > 1;
}

void Parser::on_field_impl(beast::http::field known, View name, View value, Error& error) {
  using Field = beast::http::field;
  const bool framing =
      known == Field::content_length || known == Field::transfer_encoding || known == Field::host;
  if (header_done_) {
    if (framing) refuse(error, 400, "a trailer must not carry framing fields");
    return;
  }
  if (request_.headers.size() >= limits_.max_headers) {
    return refuse(error, 431, "too many header fields");
  }
  request_.headers.push_back({view(name), view(value)});
  // Two of them would be read differently by different readers (RFC 9110, 5.3).
  const bool singular = known == Field::content_type || known == Field::content_encoding ||
                        known == Field::authorization;
  if (singular && is_repeated(view(name))) {
    return refuse(error, 400, "a field that may stand once is there twice");
  }
  if (!framing) return;
  if (known == Field::host) {
    if (++hosts_ > 1) refuse(error, 400, "more than one Host");
  } else if (known == Field::content_length) {
    if (std::exchange(has_length_, true)) {
      return refuse(error, 400, "more than one Content-Length");
    }
    if (value.empty() || value.find_first_not_of("0123456789") != View::npos) {
      refuse(error, 400, "the Content-Length is not a number");
    }
  } else {
    if (std::exchange(has_transfer_encoding_, true)) {
      return refuse(error, 400, "more than one Transfer-Encoding");
    }
    if (!equals_ignoring_case(view(value), "chunked")) {
      refuse(error, 501, "the only Transfer-Encoding understood is `chunked`");
    }
  }
}

void Parser::on_header_impl(Error& error) {
  header_done_ = true;
  if (has_length_ && has_transfer_encoding_) {
    return refuse(error, 400, "both Content-Length and Transfer-Encoding");
  }
  if (version_ == 10 && has_transfer_encoding_) {
    return refuse(error, 400, "HTTP/1.0 has no Transfer-Encoding");
  }
  if (version_ == 11 && hosts_ == 0) return refuse(error, 400, "HTTP/1.1 needs a Host");
  const auto length = content_length();
  if (length && *length > limits_.max_body_bytes) {
    return refuse(error, 413, "the body is larger than http.max_body_bytes");
  }
  request_.expects_body = chunked() || (length && *length > 0);
}

void Parser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) {
  if (length) request_.body.reserve(std::min(*length, kReserveBytes));
}

std::size_t Parser::on_body_impl(View bytes, Error& error) {
  if (request_.body.size() + bytes.size() > limits_.max_body_bytes) {
    refuse(error, 413, "the body is larger than http.max_body_bytes");
    return 0;
  }
  make_room(request_.body, bytes.size(), limits_.max_body_bytes);
  request_.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

std::size_t Parser::on_chunk_body_impl(std::uint64_t, View bytes, Error& error) {
  return on_body_impl(bytes, error);
}

}  // namespace kcloud::http
