// Values as bytes: numbers of variable length (LEB128), doubles and texts as they are. A reader
// never goes past its end: from the first damage on it gives zeros and ok() is false.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "core/event_id.h"

namespace kcloud::core {

class ByteWriter {
 public:
  void count(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }
  void integer(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    count((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
  }
  void fixed(std::uint64_t value) {
    char raw[8];
    std::memcpy(raw, &value, 8);
    bytes_.append(raw, 8);
  }
  void real(double value) { fixed(std::bit_cast<std::uint64_t>(value)); }
  void flag(bool value) { bytes_.push_back(value ? 1 : 0); }
  void text(std::string_view value) {
    count(value.size());
    bytes_ += value;
  }
  void id(const EventId& id) { bytes_ += id.view(); }

  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }
  void fail() { ok_ = false; }

  std::uint64_t count() {
    if (!rest_.empty() && static_cast<std::uint8_t>(rest_[0]) < 0x80) {
      const auto value = static_cast<std::uint8_t>(rest_[0]);
      rest_.remove_prefix(1);
      return value;
    }
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(raw(1).empty() ? 0 : last_[0]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }
  std::int64_t integer() {
    const std::uint64_t bits = count();
    return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
  }
  std::uint64_t fixed() {
    std::uint64_t value = 0;
    if (!raw(8).empty()) std::memcpy(&value, last_.data(), 8);
    return value;
  }
  double real() { return std::bit_cast<double>(fixed()); }
  bool flag() { return !raw(1).empty() && last_[0] != 0; }
  std::string_view text() { return raw(count()); }
  EventId id() {
    EventId id;
    if (!raw(id.bytes.size()).empty()) std::memcpy(id.bytes.data(), last_.data(), id.bytes.size());
    return id;
  }
  // A number of things of at least one byte each; at most `most` of them.
  std::size_t size(std::size_t most) {
    const std::uint64_t value = count();
    if (value <= most && value <= rest_.size()) return static_cast<std::size_t>(value);
    fail();
    return 0;
  }

 private:
  std::string_view raw(std::uint64_t size) {
    last_ = {};
    if (!ok_ || size > rest_.size()) {
      fail();
      rest_ = {};
      return last_;
    }
    last_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return last_;
  }

  std::string_view rest_, last_;
  bool ok_ = true;
};

}  // namespace kcloud::core
