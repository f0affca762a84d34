// The lines of log files: what stands around an event in CRI and Docker's json-file logs.
//
// Pure functions; bad input is nullopt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace kcloud::file {

enum class Format : std::uint8_t { kUnknown, kJson, kCri, kDocker };

// `json`, `cri`, `docker`; kUnknown for anything else.
Format parse_format(std::string_view name);
std::string_view to_string(Format format);

// One record of a container's log.
struct LogRecord {
  core::Time time;
  bool from_stderr = false;
  bool partial = false;   // the text goes on in the stream's next record
  std::string_view text;  // without its newline
};

// `2016-10-06T00:17:09.669794202Z stdout F text`, as the kubelet's documentation has it; further
// tags behind the first, joined by `:`, are passed over.
std::optional<LogRecord> parse_cri(std::string_view line);

// `{"log":"text\n","stream":"stdout","time":"2016-10-06T00:17:09.669794202Z"}`, other members (such
// as `attrs`) anywhere. `memory` holds the text when escapes had to be taken out of it.
std::optional<LogRecord> parse_docker(std::string_view line, std::string& memory);

// What a file's first line tells of the file: kJson for whatever is none of the others.
Format detect(std::string_view first_line, std::string& memory);

// A line that is meant to be a JSON object: `{` and a `"` or `}` behind it. `{foo} started` is not.
bool looks_like_object(std::string_view line);

}  // namespace kcloud::file
