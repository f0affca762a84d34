#include "collectors/redis/bulk_trimmer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kcloud::redis {
namespace {

constexpr std::size_t kSizeDigits = 20;  // of any std::uint64_t
constexpr std::size_t kMostHeader = 32;  // longer: no length
constexpr std::size_t kLineEnd = 2;      // \r\n behind a text

// The length that `$<length>\r\n` gives; 0 where it gives none (-1: there is no text).
std::uint64_t text_length(std::string_view header) {
  std::uint64_t length = 0;
  const char* const end = header.data() + header.size();
  const auto [behind, error] = std::from_chars(header.data() + 1, end, length);
  const bool whole = header.size() <= kMostHeader && std::string_view(behind, end) == "\r\n";
  return error == std::errc() && whole ? length : 0;
}

}  // namespace

BulkTrimmer::Step BulkTrimmer::next(std::string_view input) {
  if (state_ == State::kLineStart && input.front() == '$') state_ = State::kHeader;
  if (state_ == State::kLineStart) state_ = State::kLine;
  switch (state_) {
    case State::kLineStart:
    case State::kHeader:
    case State::kLine:
      return line(input);
    case State::kText: {
      const std::size_t used = std::min<std::uint64_t>(left_, input.size());
      left_ -= used;
      if (left_ == 0) state_ = State::kLineStart;
      return {input.substr(0, used), {}, used};
    }
    case State::kBeginning: {
      const std::size_t used = std::min<std::uint64_t>(left_, input.size());
      left_ -= used;
      if (left_ != 0) return {input.substr(0, used), {}, used};
      state_ = State::kDropped;
      left_ = dropped_;
      instead_ = fmt::format("{:020}\r\n", size_);
      return {input.substr(0, used), instead_, used};
    }
    case State::kDropped:
      break;
  }
  const std::size_t used = std::min<std::uint64_t>(left_, input.size());
  left_ -= used;
  if (left_ == 0) state_ = State::kLineStart;
  return {{}, {}, used};
}

BulkTrimmer::Step BulkTrimmer::line(std::string_view input) {
  const std::size_t end = input.find('\n');
  const bool whole = end != std::string_view::npos;
  const std::size_t used = whole ? end + 1 : input.size();
  if (state_ == State::kLine) {
    if (whole) state_ = State::kLineStart;
    return {input.substr(0, used), {}, used};
  }
  // A header is passed on as a whole, as it may have to be another.
  header_.append(input.substr(0, used));
  if (!whole && header_.size() < kMostHeader) return {{}, {}, used};
  instead_.swap(header_);
  header_.clear();
  state_ = whole ? State::kLineStart : State::kLine;
  if (whole) begin_text(text_length(instead_));
  return {{}, instead_, used};
}

void BulkTrimmer::begin_text(std::uint64_t size) {
  if (size <= limit_) {
    // `$0` and `$-1` differ by an empty line, which may pass as one.
    if (size == 0) return;
    state_ = State::kText;
    left_ = size + kLineEnd;
    return;
  }
  state_ = State::kBeginning;
  size_ = size;
  left_ = limit_ + 1 - kSizeDigits;
  dropped_ = size - left_ + kLineEnd;
  instead_ = fmt::format("${}\r\n", limit_ + 1);
}

Text original_text(std::string_view bytes, std::size_t limit) {
  Text text{bytes, bytes.size()};
  if (bytes.size() != limit + 1) return text;
  text.bytes.remove_suffix(kSizeDigits);
  std::from_chars(bytes.data() + text.bytes.size(), bytes.data() + bytes.size(), text.size);
  return text;
}

}  // namespace kcloud::redis
