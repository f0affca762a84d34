#include "collectors/webhook/content.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

namespace kcloud::webhook {

namespace {

constexpr std::array<std::string_view, 4> kLineTypes = {
    "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"};
// The last is what `curl -d` says unasked.
constexpr std::array<std::string_view, 4> kOtherTypes = {"application/json", "text/plain",
                                                         "application/octet-stream",
                                                         "application/x-www-form-urlencoded"};

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

template <class Items>
bool contains(const Items& items, std::string_view text) {
  return std::find(items.begin(), items.end(), text) != items.end();
}

struct InflateEnd {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

}  // namespace

ContentCheck check_content(std::string_view content_type, std::string_view content_encoding) {
  ContentCheck check;
  if (content_type != "application/json") {
    const std::string type = lower(trimmed(content_type.substr(0, content_type.find(';'))));
    check.content.envelopes = type == kEnvelopeType;
    check.content.lines = check.content.envelopes || contains(kLineTypes, type);
    if (!type.empty() && !check.content.lines && !contains(kOtherTypes, type) &&
        !type.ends_with("+json")) {
      check.problem = Problem{415, "Content-Type `" + type +
                                       "` is not taken; send application/json (an object or an "
                                       "array) or application/x-ndjson"};
      return check;
    }
  }
  const std::string encoding = lower(trimmed(content_encoding));
  check.content.gzip = encoding == "gzip" || encoding == "x-gzip";
  if (!encoding.empty() && !check.content.gzip && encoding != "identity") {
    check.problem =
        Problem{415, "Content-Encoding `" + encoding + "` is not taken; send gzip or none"};
  }
  return check;
}

bool prefers_strict(std::string_view prefer) {
  while (!prefer.empty()) {
    const std::size_t end = prefer.find_first_of(",;");
    const std::string preference = lower(trimmed(prefer.substr(0, end)));
    if (preference == "handling=strict" || preference == "handling=\"strict\"") return true;
    prefer.remove_prefix(end == std::string_view::npos ? prefer.size() : end + 1);
  }
  return false;
}

std::optional<Problem> gunzip(std::string_view compressed, std::uint64_t max_bytes,
                              std::string& out) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) return Problem{503, "no memory to inflate with"};
  const std::unique_ptr<z_stream, InflateEnd> owner(&stream);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  out.clear();
  std::array<char, 32 << 10> piece;
  int result = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    result = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream.avail_out;
    if (out.size() + made > max_bytes) {
      return Problem{413, "the body is larger than http.max_body_bytes when decompressed"};
    }
    out.append(piece.data(), made);
    if (result == Z_STREAM_END && stream.avail_in > 0) {
      if (inflateReset2(&stream, kGzipOnly) != Z_OK) break;
      result = Z_OK;
    }
  } while (result == Z_OK);
  if (result != Z_STREAM_END) {
    return Problem{400, result == Z_BUF_ERROR ? "the gzip body is cut short"
                                              : "the body is not gzip, as Content-Encoding says"};
  }
  return std::nullopt;
}

}  // namespace kcloud::webhook
