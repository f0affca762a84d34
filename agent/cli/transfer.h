// How far an import or export is, and showing it: on one line that is drawn anew on a terminal, as
// a line every few seconds elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace kcloud::cli {

struct Transfer {
  std::uint64_t bytes = 0;
  std::uint64_t total_bytes = 0;   // 0: unknown
  std::uint64_t bytes_before = 0;  // of `bytes`, done by an earlier run
  std::uint64_t events = 0;
  std::uint64_t rejected = 0;
  std::chrono::duration<double> elapsed{0};
};

// `12.5 MiB`, three digits at most in front of the unit.
std::string size_text(std::uint64_t bytes);
// ` 50 %  512 MiB of 1.00 GiB  800,000 events  98,039/s  10 s left`, without a total what there is.
std::string transfer_line(const Transfer& transfer);
// `1,234,567`
std::string grouped(std::uint64_t number);

class TransferDisplay {
 public:
  TransferDisplay();
  // Shows it when it is time to; `last` ends the line.
  void update(Transfer& transfer, bool last);
  // One line on standard error, over the progress.
  void say(const std::string& line) const;

 private:
  bool terminal_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace kcloud::cli
