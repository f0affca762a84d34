#include "collectors/kafka/headers.h"

#include <fmt/format.h>

#include <algorithm>

namespace kcloud::kafka {
namespace {

constexpr std::string_view kJson = "application/cloudevents+json";
constexpr std::string_view kAny = "application/cloudevents";
constexpr std::size_t kContentType = 6;  // `datacontenttype` in core::kCloudAttributes
constexpr std::size_t kShown = 80;       // bytes of a hostile header in an error

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool same(std::string_view text, std::string_view small) {
  return std::equal(text.begin(), text.end(), small.begin(), small.end(),
                    [](char one, char other) { return lower(one) == other; });
}

// The media type alone, without its parameters.
std::string_view media_type(std::string_view value) {
  value = value.substr(0, value.find(';'));
  while (value.ends_with(' ')) value.remove_suffix(1);
  return value;
}

}  // namespace

void Headers::add(std::string_view name, std::string_view value) {
  if (same(name, "content-type")) {
    const auto type = media_type(value);
    if (same(type, kJson)) {
      mode_ = Mode::kStructured;
    } else if (same(type.substr(0, kAny.size()), kAny)) {
      problem_ = fmt::format("content-type: found '{}', expected {} or the data's own type",
                             type.substr(0, kShown), kJson);
    } else {
      attributes_[kContentType] = value;
    }
    return;
  }
  if (!name.starts_with(kPrefix)) return;
  if (mode_ == Mode::kPlain) mode_ = Mode::kBinary;
  const auto index = core::find_cloud_attribute(name.substr(kPrefix.size()));
  if (!index || *index == kContentType) return;
  if (attributes_[*index]) problem_ = fmt::format("{}: the header is there twice", name);
  attributes_[*index] = value;
}

}  // namespace kcloud::kafka
