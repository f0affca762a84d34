#include "agent/cli/report_check.h"

#include <algorithm>

#include "core/hex.h"

namespace kcloud::cli {

void ReportCheck::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (line_.ends_with('\n')) {
      const auto begin = std::string_view(line_).substr(0, row_.size() + 1);
      if (begin.find(row_) != std::string_view::npos) ++rows_;  // JSON: behind a comma
      hasher_.update(line_);
      line_.clear();
    }
    const auto size = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    line_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

std::string ReportCheck::finish() {
  auto sha256 = core::to_hex(hasher_.finish());
  return line_.ends_with('\n') && line_.find(sha256) != std::string::npos ? sha256 : std::string();
}

}  // namespace kcloud::cli
