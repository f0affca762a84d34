#include "exporters/influxdb/seal_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "core/hex.h"
#include "exporters/influxdb/escape.h"
#include "exporters/influxdb/layout.h"

namespace kcloud::influxdb {
namespace {

constexpr std::string_view kChain = "chain";
constexpr std::array<std::string_view, 8> kOwn{kChain,        "seq",  "events", "total_events",
                                               "journal_end", "root", "prev",   "hash"};

}  // namespace

std::int64_t seal_nanos(const core::Seal& seal) {
  const auto sealed = std::chrono::floor<std::chrono::milliseconds>(seal.sealed);
  const std::uint64_t mark = std::uint64_t{seal.hash[0]} << 8 | seal.hash[1];
  return core::to_nanos(sealed) +
         static_cast<std::int64_t>(seal.seq % 1'000 * 1'000 + mark % 1'000);
}

SealEncoder::SealEncoder(const std::map<std::string, std::string>& fixed_tags)
    : before_("audit_seal") {
  std::map<std::string, std::string> tags;  // escaped, sorted as InfluxDB asks for
  for (const auto& [name, text] : fixed_tags) {
    if (name.empty() || std::ranges::find(kOwn, name) != kOwn.end()) continue;
    std::string key, value;
    append_name(key, safe_name(name));
    append_name(value, text);
    if (!value.empty()) tags.emplace(key, value);
  }
  for (const auto& [key, value] : tags)
    (key < kChain ? before_ : behind_).append(",").append(key).append("=").append(value);
  before_.append(",chain=");
  behind_ += ' ';
}

void SealEncoder::append(const core::Seal& seal, std::string& out) const {
  out += before_;
  out += core::to_string(seal.chain);
  out += behind_;
  fmt::format_to(std::back_inserter(out),
                 "seq={}i,events={}i,total_events={}i,journal_end={}i,root=\"{}\",prev=\"{}\",hash="
                 "\"{}\" {}\n",
                 seal.seq, seal.events, seal.total_events, seal.journal_end,
                 core::to_hex(seal.root), core::to_hex(seal.prev), core::to_hex(seal.hash),
                 seal_nanos(seal));
}

}  // namespace kcloud::influxdb
