#include "core/collector.h"

#include <future>
#include <utility>

namespace kcloud::core {

CommitStatus accept_and_wait(EventSink& sink, std::unique_ptr<Intake>& intake) {
  std::promise<CommitStatus> promise;
  auto result = promise.get_future();
  sink.accept(std::move(intake), [&](CommitStatus status, std::unique_ptr<Intake> back) {
    intake = std::move(back);
    promise.set_value(status);
  });
  return result.get();
}

}  // namespace kcloud::core
