// Beast's request parser writing into a Request, and what RFC 9112 lets a server refuse: everything
// that two parsers might read differently (request smuggling).
//
// A header must be complete in memory (find_header_end) before it is parsed; views of the Request
// point there.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/http/message.h"

namespace kcloud::http {

struct ParserLimits {
  std::uint64_t max_body_bytes;
  std::uint32_t max_header_bytes;
  std::uint32_t max_headers;
};

// Offset behind the blank line that ends the header, looking from `from` on; nullopt: not there
// yet.
std::optional<std::size_t> find_header_end(std::string_view data, std::size_t from);

// A continuation line (obs-fold), which Beast would unfold. `header` ends with its blank line.
bool has_folded_line(std::string_view header);

class Parser final : public boost::beast::http::basic_parser<true> {
 public:
  Parser(Request& request, const ParserLimits& limits);

  bool is_http10() const { return version_ == 10; }
  // After an error: the status to answer with, and a sentence.
  int status() const { return status_; }
  std::string_view problem() const { return problem_; }

 private:
  using Error = boost::beast::error_code;
  using View = boost::beast::string_view;
  void on_request_impl(boost::beast::http::verb method, View method_text, View target, int version,
                       Error& error) override;
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(boost::beast::http::field field, View name, View value, Error& error) override;
  void on_header_impl(Error& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error& error) override;
  std::size_t on_body_impl(View bytes, Error& error) override;
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remaining, View bytes, Error& error) override;
  void on_finish_impl(Error&) override {}

  bool is_repeated(std::string_view name) const;
  void refuse(Error& error, int status, std::string_view problem);
  void set_target(std::string_view target, Error& error);

  Request& request_;
  const ParserLimits& limits_;
  int version_ = 11;
  int hosts_ = 0;
  bool header_done_ = false;
  bool has_length_ = false;
  bool has_transfer_encoding_ = false;
  int status_ = 400;
  std::string_view problem_ = "the request is not HTTP/1.1";
};

}  // namespace kcloud::http
