#include <string>

#include "core/decode.h"
#include "core/json_scan.h"

namespace kcloud::core {

namespace {

std::string_view trimmed(const char* begin, const char* end) {
  begin = skip_spaces(begin, end);
  while (end != begin && json_class(end[-1]) == kSpace) --end;
  return {begin, static_cast<std::size_t>(end - begin)};
}

std::string at_byte(const char* begin, const char* at, const char* end) {
  std::string where = "at byte " + std::to_string(at - begin) + ": found ";
  if (at == end) return where + "the end of the text";
  const auto byte = static_cast<unsigned char>(*at);
  if (byte >= 0x20 && byte < 0x7F) return where + "'" + *at + "'";
  static constexpr char kHex[] = "0123456789abcdef";
  return where + "byte 0x" + kHex[byte >> 4] + kHex[byte & 15];
}

// False when there are more than `most`: four million zeros must not become four million slices.
bool add(Split& split, std::string_view element, std::size_t most) {
  split.too_many = split.elements.size() >= most;
  if (!split.too_many) split.elements.push_back(element);
  return !split.too_many;
}

void split_lines(const char* at, const char* end, std::size_t most, Split& split) {
  split.shape = Split::Shape::kLines;
  while (at != end) {
    const char* newline = at;
    while (newline != end && *newline != '\n') ++newline;
    if (const auto line = trimmed(at, newline); !line.empty() && !add(split, line, most)) return;
    at = newline == end ? end : newline + 1;
  }
}

// The elements between the brackets of an array that opens at `at`.
void split_array(const char* begin, const char* at, const char* end, std::size_t most,
                 Split& split) {
  split.shape = Split::Shape::kArray;
  const char* element = ++at;
  at = skip_spaces(at, end);
  bool more = at == end || *at != ']';
  while (more && at != end) {
    const JsonClass kind = json_class(*at);
    if (kind == kQuote) {
      at = skip_string(at, end);
    } else if (kind == kOpen) {
      const char* behind = skip_container(at, end);
      if (behind == nullptr) {
        split.error = "the element that opens " + at_byte(begin, at, end) + " is not closed";
        return;
      }
      at = behind;
    } else if (*at == ',' || *at == ']') {
      const auto text = trimmed(element, at);
      if (text.empty()) {
        split.error = "an element of the array is missing " + at_byte(begin, at, end);
        return;
      }
      if (!add(split, text, most)) return;
      more = *at == ',';
      if (more) element = ++at;
    } else if (kind == kClose) {
      split.error = "expected ',' or ']' " + at_byte(begin, at, end);
      return;
    } else {
      ++at;
    }
  }
  if (at == end) {
    split.error = "expected ']' " + at_byte(begin, at, end);
    return;
  }
  at = skip_spaces(at + 1, end);
  if (at != end) split.error = "text behind the array " + at_byte(begin, at, end);
}

// One object, or several one after the other.
void split_objects(const char* begin, const char* at, const char* end, std::size_t most,
                   Split& split) {
  while (at != end) {
    if (*at != '{') {
      split.error = "expected '{' " + at_byte(begin, at, end);
      return;
    }
    const char* behind = skip_container(at, end);
    if (behind == nullptr) {
      split.error = "the object that opens " + at_byte(begin, at, end) + " is not closed";
      return;
    }
    if (!add(split, {at, static_cast<std::size_t>(behind - at)}, most)) return;
    at = skip_spaces(behind, end);
  }
  split.shape = split.elements.size() == 1 ? Split::Shape::kObject : Split::Shape::kLines;
}

}  // namespace

Split split_json(std::string_view text, bool lines, std::size_t max_elements) {
  Split split;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const char* begin = text.data();
  const char* end = begin + text.size();
  const char* at = skip_spaces(begin, end);
  if (at == end) {
    split.error = "the text is empty (expected a JSON object, an array of objects or one a line)";
  } else if (lines && *at != '[') {
    split_lines(at, end, max_elements, split);
  } else if (*at == '[') {
    split_array(begin, at, end, max_elements, split);
  } else if (*at == '{') {
    split_objects(begin, at, end, max_elements, split);
  } else {
    split.error = "expected '{' or '[' " + at_byte(begin, at, end);
  }
  if (!split.error.empty() || split.too_many) split.elements.clear();
  return split;
}

}  // namespace kcloud::core
