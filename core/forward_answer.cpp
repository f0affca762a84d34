#include "core/forward_answer.h"

#include <simdjson.h>

namespace kcloud::core {

namespace {

namespace dom = simdjson::dom;

bool read_text(dom::element from, std::string_view key, std::string& target) {
  std::string_view text;
  if (from[key].get(text) != simdjson::SUCCESS) return false;
  target = text;
  return true;
}

bool read_number(dom::element from, std::string_view key, std::uint64_t& target) {
  return from[key].get(target) == simdjson::SUCCESS;
}

bool read_rejected(dom::element entry, std::size_t events, ForwardAnswer::Rejected& rejected) {
  std::uint64_t index = 0;
  dom::array errors;
  if (!read_number(entry, "index", index) || index >= events ||
      entry["errors"].get(errors) != simdjson::SUCCESS) {
    return false;
  }
  rejected.index = static_cast<std::size_t>(index);
  for (const dom::element error : errors) {
    FieldError& one = rejected.errors.emplace_back();
    if (!read_text(error, "path", one.path) || !read_text(error, "problem", one.problem) ||
        !read_text(error, "expected", one.expected)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<ForwardAnswer> read_forward_answer(std::string_view json, std::size_t events) {
  dom::parser parser;
  dom::element root;
  dom::array rejected;
  ForwardAnswer answer;
  if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS ||
      !read_text(root, "agent", answer.agent) || !read_text(root, "version", answer.version) ||
      !read_number(root, "accepted", answer.accepted) ||
      !read_number(root, "duplicates", answer.duplicates) ||
      !read_number(root, "loops", answer.loops) ||
      root["rejected"].get(rejected) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  for (const dom::element entry : rejected) {
    if (!read_rejected(entry, events, answer.rejected.emplace_back())) return std::nullopt;
  }
  return answer;
}

}  // namespace kcloud::core
