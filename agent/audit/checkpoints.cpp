#include "agent/audit/checkpoints.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>

#include "exporters/http_client/client.h"

namespace kcloud::audit {
namespace {

// True when the line is on disk.
bool append_line(const std::string& path, std::string line) {
  line.push_back('\n');
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return false;
  const bool written =
      ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      ::fsync(file) == 0;
  return ::close(file) == 0 && written;
}

}  // namespace

Checkpoints::Checkpoints(CheckpointOptions options, journal::Journal& journal,
                         const core::Clock& clock)
    : options_(std::move(options)),
      journal_(journal),
      clock_(clock),
      key_(SigningKey::open(options_.directory)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Checkpoints::~Checkpoints() {
  thread_.request_stop();
  thread_.join();
  try_make({});
}

void Checkpoints::post(const std::string& line, const std::stop_token& stop) {
  http_client::Client client({});
  http_client::Request request;
  request.url = options_.webhook;
  request.headers.push_back({"Content-Type", "application/json"});
  if (!options_.webhook_token.empty())
    request.headers.push_back({"Authorization", "Bearer " + options_.webhook_token});
  request.body = line;
  const auto response = client.post(request, stop);
  if (response.status >= 200 && response.status < 300) return;
  spdlog::error("audit: the checkpoint was not taken by audit.checkpoint_webhook: {}",
                response.answered() ? fmt::format("status {}", response.status) : response.error);
}

void Checkpoints::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, stop, options_.interval, [&] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) return;
    try_make(stop);
  }
}

void Checkpoints::try_make(const std::stop_token& stop) {
  try {
    make(stop);
  } catch (const std::exception& error) {
    spdlog::error("audit: no checkpoint was made: {}", error.what());
  }
}

void Checkpoints::make(const std::stop_token& stop) {
  const auto state = journal_.chain();
  if (!state.last || state.last->seq == signed_) return;
  Checkpoint checkpoint;
  checkpoint.chain = state.chain;
  checkpoint.seq = state.last->seq;
  checkpoint.total_events = state.last->total_events;
  checkpoint.hash = state.last->hash;
  checkpoint.time = clock_.now();
  checkpoint.agent = options_.agent;
  key_.sign(checkpoint);
  const std::string line = to_json(checkpoint);
  spdlog::info("audit checkpoint {}", line);
  if (!options_.webhook.empty()) post(line, stop);
  if (!append_line(options_.file, line)) {
    spdlog::error("audit: {} cannot be written ({}); the checkpoint is in the log alone",
                  options_.file, std::strerror(errno));
    return;
  }
  signed_ = checkpoint.seq;
}

}  // namespace kcloud::audit
