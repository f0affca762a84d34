#include "agent/cli/transfer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace kcloud::cli {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::milliseconds kPlainLineInterval{5000};

}  // namespace

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : value < 100 ? 1 : 0, kUnits[unit]);
}

std::string transfer_line(const Transfer& transfer) {
  const double seconds = transfer.elapsed.count();
  const double rate = seconds > 0 ? static_cast<double>(transfer.events) / seconds : 0;
  std::string text;
  if (transfer.total_bytes > 0) {
    const double share =
        static_cast<double>(transfer.bytes) / static_cast<double>(transfer.total_bytes);
    text = fmt::format("{:3.0f} %  {} of {}", share * 100, size_text(transfer.bytes),
                       size_text(transfer.total_bytes));
  } else {
    text = size_text(transfer.bytes);
  }
  text += fmt::format("  {} events  {}/s", grouped(transfer.events),
                      grouped(static_cast<std::uint64_t>(rate)));
  if (transfer.rejected > 0) text += fmt::format("  {} rejected", grouped(transfer.rejected));
  const std::uint64_t done = transfer.bytes - transfer.bytes_before;
  if (transfer.total_bytes > transfer.bytes && done > 0 && seconds > 0) {
    text +=
        fmt::format("  {:.0f} s left", static_cast<double>(transfer.total_bytes - transfer.bytes) *
                                           seconds / static_cast<double>(done));
  }
  return text;
}

TransferDisplay::TransferDisplay()
    : terminal_(isatty(STDERR_FILENO) == 1),
      start_(steady_clock::now()),
      next_(start_ + (terminal_ ? kRedraw : kPlainLineInterval)) {}

void TransferDisplay::update(Transfer& transfer, bool last) {
  const auto now = steady_clock::now();
  transfer.elapsed = now - start_;
  if (!last && now < next_) return;
  next_ = now + (terminal_ ? kRedraw : kPlainLineInterval);
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}{}", transfer_line(transfer), last ? "\n" : "");
    std::fflush(stderr);
  } else if (!last) {
    fmt::print(stderr, "{}\n", transfer_line(transfer));
  }
}

void TransferDisplay::say(const std::string& line) const {
  fmt::print(stderr, "{}{}\n", terminal_ ? "\r\x1b[K" : "", line);
}

}  // namespace kcloud::cli
