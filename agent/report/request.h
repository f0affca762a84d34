// What an audit report is of, and in which form. Plain values.
#pragma once

#include <cstdint>
#include <string>

#include "core/time.h"

namespace kcloud::report {

enum class Format : std::uint8_t { kJson, kJsonLines, kCsv, kHtml };
enum class Language : std::uint8_t { kEnglish, kKorean };  // of HTML; the others have names alone

struct Request {
  core::Time since, until;  // event time, [since, until)
  core::Zone zone;
  std::string type, cluster, workload, actor;  // empty: any
  Format format = Format::kJson;
  Language language = Language::kEnglish;
};

}  // namespace kcloud::report
