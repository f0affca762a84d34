#include "agent/audit/own_event.h"

#include <fmt/format.h>
#include <pwd.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <future>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/json.h"

namespace kcloud::audit {

std::string process_user() {
  const passwd* entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_name : fmt::format("uid {}", getuid());
}

void append_own_event(const OwnEvent& event, std::string_view agent, core::Time now,
                      core::Decoder& decoder, core::EventBatch& batch) {
  std::string body = R"json({"event_type":"agent_audit")json";
  core::append_member(body, "timestamp", core::format_time(now));
  core::append_member(body, "source", "kcloud-logger");
  core::append_member(body, "action", event.action);
  if (!event.actor.empty()) core::append_member(body, "actor", event.actor);
  core::append_member(body, "target", event.target);
  // Two agents may do the same at the same time.
  core::append_member(body, "agent", agent);
  if (!event.detail.empty()) {
    core::append_key(body, "detail");
    body += event.detail;
  }
  body += "}";
  core::TransportHints hints;
  hints.from_agent = true;
  hints.collector = "audit";
  hints.agent = agent;
  hints.received = now;
  std::vector<core::FieldError> errors;
  std::vector<std::string_view> warnings;
  if (!decoder.decode(body, hints, batch, errors, warnings))
    throw std::runtime_error(fmt::format("the event that tells of {} is refused: {} {}",
                                         event.action, errors.front().path,
                                         errors.front().problem));
}

void store_own_event(const OwnEvent& event, const std::string& agent, core::Time now,
                     const core::Catalogue& catalogue, core::EventSink& sink,
                     const std::function<void()>& done) {
  const auto missed = [action = std::string(event.action),
                       target = event.target](const std::string& why) {
    spdlog::warn("{} of {} was not stored as an event: {}", action, target, why);
  };
  auto intake = std::make_unique<core::Intake>();
  try {
    core::Decoder decoder(catalogue, {});
    append_own_event(event, agent, now, decoder, intake->batch);
  } catch (const std::exception& error) {
    missed(error.what());
    return done();
  }
  sink.accept(std::move(intake),
              [missed, done](core::CommitStatus status, const std::unique_ptr<core::Intake>&) {
                if (status != core::CommitStatus::kCommitted) missed("the journal takes none");
                done();
              });
}

void store_own_event(const OwnEvent& event, const std::string& agent, core::Time now,
                     const core::Catalogue& catalogue, core::EventSink& sink) {
  std::promise<void> stored;
  store_own_event(event, agent, now, catalogue, sink, [&] { stored.set_value(); });
  stored.get_future().wait();
}

}  // namespace kcloud::audit
