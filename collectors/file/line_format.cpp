#include "collectors/file/line_format.h"

#include <array>

namespace kcloud::file {
namespace {

const core::Zone& utc() {
  static const core::Zone zone("UTC");
  return zone;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r')) ++at;
  return at;
}

// Behind the quoted string that opens at `at`; npos when it does not close.
std::size_t behind_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

// Behind the value at `at`; npos when it is cut short.
std::size_t behind_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = behind_string(text, at);
      if (at == std::string_view::npos || depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (c == ',' && depth == 0) {
      return at;
    }
    ++at;
  }
  return std::string_view::npos;
}

std::optional<std::uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// `\uXXXX` whose digits begin `text`, with the half behind it where there is one; how many bytes of
// `text` it took, 0 when it is none. A half alone becomes U+FFFD.
std::size_t append_unicode(std::string& out, std::string_view text) {
  auto code = hex4(text);
  if (!code) return 0;
  std::size_t taken = 4;
  if (*code >= 0xD800 && *code < 0xDC00 && text.substr(4).starts_with("\\u")) {
    const auto low = hex4(text.substr(6));
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
      taken = 10;
    }
  }
  append_utf8(out, *code >= 0xD800 && *code < 0xE000 ? 0xFFFD : *code);
  return taken;
}

// A quoted string's content; in `memory` when it had escapes.
std::optional<std::string_view> unescape(std::string_view quoted, std::string& memory) {
  const std::string_view inner = quoted.substr(1, quoted.size() - 2);
  std::size_t escape = inner.find('\\');
  if (escape == std::string_view::npos) return inner;
  memory.clear();
  std::size_t at = 0;
  for (; escape != std::string_view::npos; escape = inner.find('\\', at)) {
    memory.append(inner, at, escape - at);
    at = escape + 2;
    if (at > inner.size()) return std::nullopt;
    const char c = inner[escape + 1];
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    if (const auto named = kNames.find(c); named != std::string_view::npos) {
      memory += kMeanings[named];
    } else {
      const std::size_t taken = c == 'u' ? append_unicode(memory, inner.substr(at)) : 0;
      if (taken == 0) return std::nullopt;
      at += taken;
    }
  }
  memory.append(inner, at);
  return memory;
}

struct DockerMembers {
  std::string_view log, stream, time;  // as they stand, with their quotes
};

std::optional<DockerMembers> docker_members(std::string_view line) {
  std::size_t at = skip_blanks(line, 0);
  if (at == line.size() || line[at] != '{') return std::nullopt;
  DockerMembers members;
  do {
    at = skip_blanks(line, at + 1);
    if (at == line.size() || line[at] != '"') return std::nullopt;
    const std::size_t key_end = behind_string(line, at);
    if (key_end == std::string_view::npos) return std::nullopt;
    const std::string_view key = line.substr(at + 1, key_end - at - 2);
    at = skip_blanks(line, key_end);
    if (at == line.size() || line[at] != ':') return std::nullopt;
    at = skip_blanks(line, at + 1);
    const std::size_t end = behind_value(line, at);
    if (end == std::string_view::npos || end == at) return std::nullopt;
    const std::string_view value = line.substr(at, end - at);
    if (value.front() == '"') {
      if (key == "log") members.log = value;
      if (key == "stream") members.stream = value;
      if (key == "time") members.time = value;
    }
    at = skip_blanks(line, end);
  } while (at < line.size() && line[at] == ',');
  if (at == line.size() || line[at] != '}' || skip_blanks(line, at + 1) != line.size())
    return std::nullopt;
  return members;
}

}  // namespace

Format parse_format(std::string_view name) {
  for (const Format format : {Format::kJson, Format::kCri, Format::kDocker})
    if (name == to_string(format)) return format;
  return Format::kUnknown;
}

std::string_view to_string(Format format) {
  constexpr std::array<std::string_view, 4> kNames{"unknown", "json", "cri", "docker"};
  return kNames[static_cast<std::size_t>(format)];
}

std::optional<LogRecord> parse_cri(std::string_view line) {
  LogRecord record;
  const auto time_end = line.find(' ');
  if (time_end == std::string_view::npos || time_end < 20) return std::nullopt;
  const auto stream_end = line.find(' ', time_end + 1);
  if (stream_end == std::string_view::npos) return std::nullopt;
  const std::string_view stream = line.substr(time_end + 1, stream_end - time_end - 1);
  record.from_stderr = stream == "stderr";
  if (!record.from_stderr && stream != "stdout") return std::nullopt;
  auto tag_end = line.find(' ', stream_end + 1);
  if (tag_end == std::string_view::npos) tag_end = line.size();
  const std::string_view tags = line.substr(stream_end + 1, tag_end - stream_end - 1);
  const std::string_view tag = tags.substr(0, tags.find(':'));
  if (tag != "P" && tag != "F") return std::nullopt;
  record.partial = tag == "P";
  const std::string_view time_text = line.substr(0, time_end);
  if (time_text[4] != '-' || time_text[10] != 'T') return std::nullopt;
  const auto time = core::parse_time(time_text, utc());
  if (!time) return std::nullopt;
  record.time = time->time;
  record.text = line.substr(std::min(tag_end + 1, line.size()));
  return record;
}

std::optional<LogRecord> parse_docker(std::string_view line, std::string& memory) {
  const auto members = docker_members(line);
  if (!members || members->log.size() < 2 || members->time.size() < 2 || members->stream.size() < 2)
    return std::nullopt;
  const auto time = core::parse_time(members->time.substr(1, members->time.size() - 2), utc());
  const auto text = unescape(members->log, memory);
  if (!time || !text) return std::nullopt;
  LogRecord record;
  record.time = time->time;
  record.from_stderr = members->stream == "\"stderr\"";
  record.text = *text;
  record.partial = !record.text.ends_with('\n');
  if (!record.partial) record.text.remove_suffix(1);
  return record;
}

Format detect(std::string_view first_line, std::string& memory) {
  if (parse_cri(first_line)) return Format::kCri;
  return parse_docker(first_line, memory) ? Format::kDocker : Format::kJson;
}

bool looks_like_object(std::string_view line) {
  std::size_t at = skip_blanks(line, 0);
  if (at == line.size() || line[at] != '{') return false;
  at = skip_blanks(line, at + 1);
  return at < line.size() && (line[at] == '"' || line[at] == '}');
}

}  // namespace kcloud::file
