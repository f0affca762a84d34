#include "agent/api/told_reply.h"

#include <utility>

namespace kcloud::api {
namespace {

class ToldExchange final : public http::Exchange {
 public:
  ToldExchange(std::shared_ptr<http::Exchange> inner, Tell tell)
      : inner_(std::move(inner)), tell_(std::move(tell)) {}

  void answer(std::uint64_t turn, http::Response response,
              std::unique_ptr<http::Stream> stream) override {
    if (response.status / 100 != 2)
      return inner_->answer(turn, std::move(response), std::move(stream));
    const auto held = std::make_shared<std::pair<http::Response, std::unique_ptr<http::Stream>>>(
        std::move(response), std::move(stream));
    tell_([inner = inner_, turn, held] {
      inner->answer(turn, std::move(held->first), std::move(held->second));
    });
  }
  void piece(std::uint64_t turn, std::string bytes) override {
    inner_->piece(turn, std::move(bytes));
  }
  void post(std::function<void()> task) override { inner_->post(std::move(task)); }

 private:
  const std::shared_ptr<http::Exchange> inner_;
  const Tell tell_;
};

}  // namespace

std::string_view change_of(Action action) {
  switch (action) {
    case Action::kRetryLetters:
    case Action::kRetryLetter:
      return "dead_letters_retried";
    case Action::kPurgeLetters:
    case Action::kPurgeLetter:
      return "dead_letters_removed";
    case Action::kPostRules:
      return "rules_changed";
    case Action::kRemoveRules:
      return "rules_removed";
    case Action::kPutSilence:
      return "silence_set";
    case Action::kExpireSilence:
      return "silence_ended";
    case Action::kRebuildRollups:
      return "rollups_rebuilt";
    case Action::kPauseCollector:
      return "collector_paused";
    case Action::kResumeCollector:
      return "collector_resumed";
    case Action::kStartReplay:
      return "replay_started";
    case Action::kCancelReplay:
      return "replay_cancelled";
    default:
      return {};
  }
}

http::Reply told_reply(http::Reply reply, Tell tell) {
  return std::move(reply).through([&](std::shared_ptr<http::Exchange> inner) {
    return std::make_shared<ToldExchange>(std::move(inner), std::move(tell));
  });
}

}  // namespace kcloud::api
