// Webhooks and Slack: alerts are grouped into messages, each kept until it was taken or refused.
//
// At least once, under the same id: a message is on disk before it is sent, and what came of it
// before the next one is.
#pragma once

#include <map>
#include <optional>

#include "agent/alerting/worker.h"
#include "core/hmac.h"
#include "rules/notify/grouping.h"

namespace kcloud::alerting {

class QueueWorker final : public Worker {
 public:
  explicit QueueWorker(WorkerParts parts);

 private:
  milliseconds step() override;
  void forget() override;

  void begin(core::Time now);
  void take_notices(core::Time now);
  void form_due(core::Time now);
  journal::Notification make(const rules::notify::Grouping::Batch& batch, core::Time now) const;
  void send(journal::Notification notification);
  void note(journal::Notification& notification, const http_client::Response& response);

  const std::optional<core::HmacKey> key_;
  std::optional<rules::notify::Grouping> grouping_;
  std::map<std::uint64_t, journal::Notice> waiting_;
  std::uint64_t last_notice_ = 0;
  core::Time paused_until_{};
};

}  // namespace kcloud::alerting
