#include "collectors/redis/list.h"

#include <spdlog/spdlog.h>

#include "collectors/redis/list_session.h"
#include "collectors/redis/routes.h"

namespace kcloud::redis {

ListReader::ListReader(const Config& config, const core::CollectorContext& context,
                       std::map<std::string, std::string> types, std::uint32_t batch_events,
                       Status& status)
    : config_(config),
      context_(context),
      types_(std::move(types)),
      batch_events_(batch_events),
      status_(status) {}

void ListReader::run(const std::stop_token& stop, core::EventSink& sink) {
  try {
    auto connection = connect(config_, address_, Inbox::most_text(context_), stop);
    spdlog::info("collector {}: connected to {}", context_.name, connection->address());
    status_.add("connects_total", 1);
    std::vector<std::string> types;
    for (const auto& list : config_.lists) types.emplace_back(channel_type(types_, list));
    ListSession session(config_, context_, std::move(types), batch_events_, status_,
                        std::move(connection), sink);
    session.open();
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
