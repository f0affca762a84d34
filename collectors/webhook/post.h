// A POST's bytes into an Intake for the journal: check, inflate, split, decode, and what is needed
// to write the answer afterwards. Pure; knows no HTTP library.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/webhook/cloudevents.h"
#include "collectors/webhook/content.h"
#include "collectors/webhook/inflate.h"
#include "core/collector.h"
#include "core/decode.h"

namespace kcloud::webhook {

struct Settings {
  std::uint64_t max_body_bytes = 8 << 20;  // also after decompression
  std::uint32_t max_events = 20'000;       // a request
  std::uint64_t max_event_bytes = 1 << 20;
  std::uint32_t dead_letter_body_bytes = 64 << 10;
  std::string collector = "webhook";                 // instance name; must outlive the batches
  std::string forward = "forward";                   // the same of what agents forward
  std::string agent;                                 // must outlive the batches
  std::shared_ptr<const core::Catalogue> catalogue;  // the decoder's; where CloudEvents find types
};

struct Post {
  std::string_view type;  // canonical type name of the route; empty: the body says it
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view prefer;
  std::string_view key;  // Idempotency-Key or webhook-id; empty: none
  CloudHeaders cloud;    // ce-* header fields
  std::string_view body;
  std::string_view request;  // unique a request: `<request>/<index>` is an event's position
  core::Time received;
  bool forwarded = false;  // each line is an event of another agent (core/forwarded.h)
};

// What the answer needs beside the verdicts. Inputs are numbered in the order of the body.
struct Ledger {
  struct Refusal {
    std::size_t index;
    std::vector<core::FieldError> errors;
  };
  std::size_t inputs = 0;
  std::vector<Refusal> refused;  // by index
  std::vector<core::Warning> warnings;
  bool strict = false;
};

// Either `problem` (nothing to store, answer it) or `intake`.
struct Received {
  std::optional<Problem> problem;
  std::unique_ptr<core::Intake> intake;
  Ledger ledger;
  std::uint64_t bytes = 0;  // of the body after decompression
  Content content;          // as it was taken
};

// Memory that stays from call to call; views of the result do not point into it. One a thread.
struct Workspace {
  Inflater inflater;
  CloudEvents cloud_events;
};

Received receive(const Post& post, const Settings& settings, core::Decoder& decoder,
                 Workspace& workspace);

}  // namespace kcloud::webhook
