// One request that brings events, between its decoding and its answer. Internal to the folder.
#pragma once

#include <chrono>
#include <memory>

#include "agent/api/router.h"

namespace kcloud::api {

struct Router::Post {
  http::Reply reply;
  webhook::Ledger ledger;
  std::uint64_t bytes = 0;
  webhook::Content content;
  std::chrono::steady_clock::time_point begin;
  std::shared_ptr<const Settings> settings;  // the batch's views point into it
  Publisher* publisher;
  bool forwarded;  // by another agent
  core::CommitStatus status = core::CommitStatus::kStopped;
  std::unique_ptr<core::Intake> intake = {};
};

}  // namespace kcloud::api
