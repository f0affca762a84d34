// The live stream behind GET /stream/events: a ring of recent events, encoded once and shared by
// all clients, filled by one thread that follows the journal; a client behind the ring reads the
// journal through the query pool until it has caught up.
//
// Pull model: a client's next piece is made when its socket took the last, so a client that never
// reads costs one piece. open() and the streams belong to the I/O thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "agent/api/pool.h"
#include "agent/http/reply.h"
#include "agent/journal/reader.h"

namespace kcloud::api {

// Events in journal order, each with its text for the stream. Immutable once in the ring.
struct Slab {
  std::uint64_t after = 0;  // holds everything in (after, upto]
  std::uint64_t upto = 0;
  core::EventBatch batch;
  std::vector<std::string> texts;  // by event
  std::shared_ptr<const core::Catalogue> catalogue;
  std::size_t bytes = 0;
};

// `id: <epoch>-<seq>\ndata: {…}\n\n`
void append_sse_event(std::string& out, const core::Event& event, std::string_view epoch);

// Why a client's position cannot simply be continued.
struct Gap {
  std::string from;
  std::string reason;  // `epoch`, `retention`, `ahead`
};
void append_sse_gap(std::string& out, const Gap& gap, std::string_view to);

class Live {
 public:
  struct Options {
    std::chrono::milliseconds heartbeat{15'000};
    std::size_t ring_bytes = 4 << 20;
    std::size_t piece_bytes = 16 << 10;  // what a client that does not read holds
  };
  using Post = std::function<void(std::function<void()>)>;

  // `post` runs a task on the I/O thread.
  Live(Options options, const journal::Journal& journal, QueryPool& pool, Post post);
  ~Live();

  void set_catalogue(std::shared_ptr<const core::Catalogue> catalogue);

  // A stream from behind `position`, beginning with an explicit gap when there is one.
  std::unique_ptr<http::Stream> open(journal::Query filter, std::uint64_t position,
                                     std::optional<Gap> gap);
  std::size_t clients() const { return clients_.load(std::memory_order_relaxed); }

 private:
  class Client;
  class ClientStream;

  // What a client behind the ring gets from the journal.
  struct Found {
    std::uint64_t upto;
    std::string text;
    std::optional<Gap> gap;
  };

  struct Slice {
    bool last;  // of its wave
    std::chrono::nanoseconds took;
  };
  enum class SliceState { kNone, kWaking, kLooking };  // kLooking: into the journal, for a client

  void follow(std::stop_token stop);
  bool fill(Worker& worker);
  std::uint64_t ring_end() const;
  // Over the clients that wait, a slice of time after the other. Each runs on the I/O thread;
  // between two of them the following thread lets pass a multiple of the slice's time, so that
  // other requests find the processor mostly free, however many clients there are. News of that
  // time is the next wave's.
  void send_wave(bool heartbeat, std::stop_token stop);
  void wake_slice(bool heartbeat);
  void end_slice();
  // So many clients that each gets its next piece from a wave, not as soon as it took the last.
  bool crowded() const;
  // The slabs behind `position`; nullopt: the ring begins later.
  std::optional<std::vector<std::shared_ptr<const Slab>>> since(std::uint64_t position) const;
  Found look(Worker& worker, const journal::Query& filter, std::uint64_t position,
             const std::shared_ptr<const core::Catalogue>& catalogue) const;
  void catch_up(const std::shared_ptr<Client>& client);

  const Options options_;
  const journal::Journal& journal_;
  QueryPool& pool_;
  const Post post_;
  std::atomic<std::size_t> clients_{0};
  // I/O thread.
  std::unordered_set<std::shared_ptr<Client>> waiting_;
  std::vector<std::shared_ptr<Client>> wave_;  // still to be woken
  SliceState slice_state_ = SliceState::kNone;
  std::chrono::steady_clock::time_point slice_began_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool active_ = false;                           // guarded by mutex_
  std::uint64_t ring_begin_ = 0;                  // everything behind it is in the ring; guarded
  std::uint64_t ring_end_ = 0;                    // guarded
  std::deque<std::shared_ptr<const Slab>> ring_;  // guarded
  std::size_t ring_size_ = 0;                     // bytes; guarded
  std::shared_ptr<const core::Catalogue> catalogue_;  // guarded
  std::optional<Slice> slice_;                        // that just ran; guarded
  std::jthread thread_;
};

}  // namespace kcloud::api
