#include "collectors/redis/stream.h"

#include <spdlog/spdlog.h>

#include "collectors/redis/routes.h"
#include "collectors/redis/stream_session.h"

namespace kcloud::redis {

StreamReader::StreamReader(const Config& config, const core::CollectorContext& context,
                           std::map<std::string, std::string> types, std::uint32_t batch_events,
                           Status& status)
    : config_(config),
      context_(context),
      types_(std::move(types)),
      batch_events_(batch_events),
      status_(status) {}

void StreamReader::run(const std::stop_token& stop, core::EventSink& sink) {
  try {
    auto connection = connect(config_, address_, Inbox::most_text(context_), stop);
    spdlog::info("collector {}: connected to {}", context_.name, connection->address());
    status_.add("connects_total", 1);
    std::vector<std::string> types;
    for (const auto& stream : config_.streams) types.emplace_back(channel_type(types_, stream));
    StreamSession session(config_, context_, std::move(types), batch_events_, status_,
                          std::move(connection), sink, joined_ ? "0" : config_.start);
    session.join();
    joined_ = true;
    status_.connected(true);
    session.run(stop);
    status_.connected(false);
  } catch (const Stopped&) {
    status_.connected(false);
  } catch (const std::exception& error) {
    status_.failed(error.what());
    ++address_;  // another may be the primary
    throw;
  }
}

}  // namespace kcloud::redis
