#include "collectors/webhook/content.h"

#include <algorithm>
#include <array>

namespace kcloud::webhook {

namespace {

constexpr std::array<std::string_view, 4> kLineTypes = {
    "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines"};
// The last is what `curl -d` says unasked.
constexpr std::array<std::string_view, 4> kOtherTypes = {"application/json", "text/plain",
                                                         "application/octet-stream",
                                                         "application/x-www-form-urlencoded"};
constexpr std::string_view kCloudEvents = "application/cloudevents";

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

}  // namespace

ContentCheck check_content(std::string_view content_type, std::string_view content_encoding) {
  ContentCheck check;
  if (content_type != "application/json") {
    const std::string type = lower(trimmed(content_type.substr(0, content_type.find(';'))));
    check.content.envelopes = type == kEnvelopeType;
    check.content.lines = check.content.envelopes || contains(kLineTypes, type);
    if (type == "application/cloudevents+json") check.content.mode = Mode::kStructured;
    if (type == "application/cloudevents-batch+json") check.content.mode = Mode::kBatched;
    const bool foreign = check.content.mode == Mode::kPlain && type.starts_with(kCloudEvents);
    const bool known = type.empty() || check.content.lines || contains(kOtherTypes, type) ||
                       type.ends_with("+json");
    if (foreign || !known) {
      check.problem = Problem{
          415,
          "Content-Type `" + type + "` is not taken; send one of " + std::string(kAcceptedTypes),
          Refusal::kContentType};
      return check;
    }
  }
  if (content_encoding.empty()) return check;
  std::string coding = lower(trimmed(content_encoding));
  if (coding == "x-gzip") coding = "gzip";
  const auto found = std::find(kCodings.begin(), kCodings.end(), coding);
  if (found == kCodings.end()) {
    check.problem = Problem{415,
                            "Content-Encoding `" + coding + "` is not taken; send one of " +
                                std::string(kAcceptedCodings),
                            Refusal::kContentEncoding};
    return check;
  }
  check.content.coding = static_cast<Coding>(found - kCodings.begin());
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

}  // namespace kcloud::webhook
