// Asks a running agent for its figures once an interval, in a thread of its own, so that a silent
// agent never holds up a screen.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/cli/address.h"
#include "agent/cli/top_model.h"
#include "exporters/http_client/client.h"

namespace kcloud::cli {

// One round of questions; blocks, at most some seconds. Not for two threads at a time.
class Questions {
 public:
  explicit Questions(const Address& address);
  Poll ask(const std::stop_token& stop);

 private:
  http_client::Response get(const char* path, const std::stop_token& stop);

  std::string url_;
  std::vector<http_client::Header> headers_;
  http_client::Client client_;
  std::chrono::steady_clock::time_point ask_for_alerts_{};
};

class Poller {
 public:
  Poller(Questions questions, std::chrono::milliseconds interval);
  ~Poller();

  // Readable when there is something to take().
  int fd() const { return wake_; }
  std::vector<Poll> take();
  // From the next question on, which comes at once.
  void set_interval(std::chrono::milliseconds interval);

 private:
  void run(const std::stop_token& stop);

  Questions questions_;
  int wake_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::chrono::milliseconds interval_;  // by mutex_
  bool hurry_ = false;                  // by mutex_
  std::vector<Poll> polls_;             // by mutex_
  std::jthread thread_;                 // last: it uses all of the above
};

}  // namespace kcloud::cli
