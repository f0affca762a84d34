// Dead letters tried again: those of intake are decoded as their collector would and stored, those
// of an exporter are delivered once more. A letter leaves in the commit that stores its event, or
// after its delivery.
//
// Blocks: for a commit, and some seconds at most for a sink. One thread, with its Reader.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/api/context.h"
#include "agent/api/router.h"
#include "agent/journal/reader.h"

namespace kcloud::api {

struct RetryReport {
  struct Refused {
    std::uint64_t id;
    std::string reason, detail;
  };
  std::uint64_t retried = 0;
  std::uint64_t stored = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t delivered = 0;
  std::vector<Refused> refused;  // they stay, by their numbers
  core::CommitStatus status = core::CommitStatus::kCommitted;
};

// Reasons of letters that stay as they are, beside those of a collector or a sink.
inline constexpr const char* kNotRetriable = "not_retriable";  // its body is not whole
inline constexpr const char* kNoExporter = "no_exporter";      // no longer configured
inline constexpr const char* kEventGone = "event_gone";        // retention took the event
inline constexpr const char* kSinkUnavailable = "sink_unavailable";

// Why a letter of intake cannot be decoded again; empty when it can. Pure.
std::string unfit_to_retry(const core::DeadLetter& letter, std::size_t body_limit);

RetryReport retry_letters(const std::vector<journal::Reader::DeadLetterRow>& rows,
                          const Context& context, const Settings& settings,
                          journal::Reader& reader);

}  // namespace kcloud::api
