// Bar charts as inline SVG. Pure. Titles and labels are escaped here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kcloud::report {

// `text` for HTML and SVG, between tags and in attributes. Control characters become U+FFFD.
void append_html(std::string& out, std::string_view text);
// `1,234,567`
std::string grouped(std::uint64_t number);

struct Bar {
  std::string label, title;  // below or beside it, and when pointed at
  std::uint64_t value = 0;
};

// Standing bars, in the order of time; as many labels as fit.
void append_columns(std::string& out, const std::vector<Bar>& bars);
// Lying bars with their label and value.
void append_bars(std::string& out, const std::vector<Bar>& bars);

}  // namespace kcloud::report
