#include "agent/api/live.h"

#include <algorithm>
#include <utility>

#include "agent/api/event_query.h"
#include "agent/api/live_client.h"
#include "agent/api/render.h"
#include "core/json.h"

namespace kcloud::api {

namespace {

constexpr std::size_t kCrowd = 16;
constexpr std::chrono::microseconds kSlice{100};
constexpr int kSlicePause = 6;  // times the time that the slice before took
constexpr std::chrono::milliseconds kLongestPause{50};
constexpr std::chrono::milliseconds kCrowdPatience{50};
constexpr int kSlabsAWave = 4;
constexpr std::size_t kReadEvents = 512;
constexpr std::size_t kReadBytes = 512 << 10;
constexpr std::chrono::milliseconds kCollect{
    5};  // under load the ring takes several commits at once

}  // namespace

void append_sse_event(std::string& out, const core::Event& event, std::string_view epoch) {
  out.append("id: ").append(format_position(epoch, event.seq)).append("\ndata: ");
  core::append_event_json(out, event, epoch);
  out.append("\n\n");
}

void append_sse_gap(std::string& out, const Gap& gap, std::string_view to) {
  out.append("event: gap\nid: ").append(to).append("\ndata: {\"from\":");
  core::append_json_string(out, gap.from);
  out.append(",\"to\":");
  core::append_json_string(out, to);
  out.append(",\"reason\":");
  core::append_json_string(out, gap.reason);
  out.append("}\n\n");
}

// What the connection owns; the client behind it may be held by a job of the pool for a while.
class Live::ClientStream final : public http::Stream {
 public:
  ClientStream(Live& live, std::shared_ptr<Client> client)
      : live_(live), client_(std::move(client)) {}
  ~ClientStream() override {
    client_->leave();
    live_.clients_.fetch_sub(1, std::memory_order_relaxed);
  }
  void pull(http::Piece piece) override { client_->pull(std::move(piece)); }

 private:
  Live& live_;
  std::shared_ptr<Client> client_;
};

Live::Live(Options options, const journal::Journal& journal, QueryPool& pool, Post post)
    : options_(options),
      journal_(journal),
      pool_(pool),
      post_(std::move(post)),
      thread_([this](std::stop_token stop) { follow(stop); }) {}

Live::~Live() {
  thread_.request_stop();
  thread_.join();
}

void Live::set_catalogue(std::shared_ptr<const core::Catalogue> catalogue) {
  std::lock_guard lock(mutex_);
  catalogue_ = std::move(catalogue);
}

std::unique_ptr<http::Stream> Live::open(journal::Query filter, std::uint64_t position,
                                         std::optional<Gap> gap) {
  const std::string here = format_position(journal_.epoch(), position);
  std::string greeting = "retry: 2000\n: connected\nid: " + here + "\n\n";
  if (gap) append_sse_gap(greeting, *gap, here);
  auto client = std::make_shared<Client>(*this, std::move(filter), position, std::move(greeting));
  clients_.fetch_add(1, std::memory_order_relaxed);
  {
    std::lock_guard lock(mutex_);
    if (!std::exchange(active_, true)) ring_begin_ = ring_end_ = journal_.head();
  }
  changed_.notify_all();
  return std::make_unique<ClientStream>(*this, std::move(client));
}

std::optional<std::vector<std::shared_ptr<const Slab>>> Live::since(std::uint64_t position) const {
  std::lock_guard lock(mutex_);
  if (position < ring_begin_) return std::nullopt;
  std::vector<std::shared_ptr<const Slab>> slabs;
  for (auto slab = ring_.rbegin(); slab != ring_.rend() && (*slab)->upto > position; ++slab) {
    slabs.push_back(*slab);
  }
  std::reverse(slabs.begin(), slabs.end());
  return slabs;
}

void Live::follow(std::stop_token stop) {
  Worker worker(journal_);
  auto next_heartbeat = std::chrono::steady_clock::now() + options_.heartbeat;
  while (!stop.stop_requested()) {
    std::uint64_t end;
    {
      std::unique_lock lock(mutex_);
      if (clients() == 0) {
        active_ = false;
        ring_.clear();
        ring_size_ = 0;
        if (!changed_.wait(lock, stop, [this] { return active_; })) return;
      }
      end = ring_end_;
    }
    const auto now = std::chrono::steady_clock::now();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_heartbeat - now);
    const auto patience = std::clamp(left, std::chrono::milliseconds(1),
                                     crowded() ? kCrowdPatience : options_.heartbeat);
    bool news = crowded();  // some may have had only a part of what there is
    for (int slabs = 0; slabs < kSlabsAWave; ++slabs, end = ring_end()) {
      const auto wait = slabs == 0 ? patience : std::chrono::milliseconds(0);
      if (journal_.wait_beyond(end, wait, stop) <= end || !fill(worker)) break;
      news = true;
    }
    const bool heartbeat = std::chrono::steady_clock::now() >= next_heartbeat;
    if (heartbeat) next_heartbeat = std::chrono::steady_clock::now() + options_.heartbeat;
    if (news || heartbeat) send_wave(heartbeat, stop);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kCollect, [] { return false; });
  }
}

std::uint64_t Live::ring_end() const {
  std::lock_guard lock(mutex_);
  return ring_end_;
}

// False: the journal cannot be read now.
bool Live::fill(Worker& worker) {
  auto slab = std::make_shared<Slab>();
  {
    std::lock_guard lock(mutex_);
    slab->after = ring_end_;
    slab->catalogue = catalogue_;
  }
  try {
    slab->upto = worker.reader().read_after(slab->after, kReadEvents, kReadBytes, slab->batch);
  } catch (const std::exception&) {
    return false;
  }
  core::Decoder& decoder = worker.decoder(slab->catalogue);
  for (core::Event& event : slab->batch.events) {
    decoder.complete(event, slab->batch);
    append_sse_event(slab->texts.emplace_back(), event, journal_.epoch());
    slab->bytes += slab->texts.back().size();
  }
  slab->bytes += slab->batch.bytes();
  std::lock_guard lock(mutex_);
  ring_end_ = slab->upto;
  ring_size_ += slab->bytes;
  ring_.push_back(std::move(slab));
  while (ring_size_ > options_.ring_bytes && ring_.size() > 1) {
    ring_size_ -= ring_.front()->bytes;
    ring_begin_ = ring_.front()->upto;
    ring_.pop_front();
  }
  return true;
}

bool Live::crowded() const { return clients() > kCrowd; }

void Live::send_wave(bool heartbeat, std::stop_token stop) {
  post_([this, heartbeat] {
    wave_.assign(waiting_.begin(), waiting_.end());
    wake_slice(heartbeat);
  });
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return slice_.has_value(); })) {
    const Slice slice = *std::exchange(slice_, std::nullopt);
    if (slice.last) return;
    const auto pause = std::min<std::chrono::nanoseconds>(slice.took * kSlicePause, kLongestPause);
    changed_.wait_for(lock, stop, pause, [] { return false; });
    post_([this, heartbeat] { wake_slice(heartbeat); });
  }
}

void Live::wake_slice(bool heartbeat) {
  slice_began_ = std::chrono::steady_clock::now();
  slice_state_ = SliceState::kWaking;
  while (!wave_.empty() && slice_state_ == SliceState::kWaking &&
         std::chrono::steady_clock::now() - slice_began_ < kSlice) {
    const std::shared_ptr<Client> client = std::move(wave_.back());
    wave_.pop_back();
    client->advance(heartbeat);
  }
  if (slice_state_ == SliceState::kWaking) end_slice();
}

void Live::end_slice() {
  slice_state_ = SliceState::kNone;
  {
    std::lock_guard lock(mutex_);
    slice_ = Slice{wave_.empty(), std::chrono::steady_clock::now() - slice_began_};
  }
  changed_.notify_all();
}

Live::Found Live::look(Worker& worker, const journal::Query& filter, std::uint64_t position,
                       const std::shared_ptr<const core::Catalogue>& catalogue) const {
  Found found{position, {}, std::nullopt};
  try {
    core::EventBatch batch;
    const std::uint64_t oldest = worker.reader().oldest();
    found.upto = worker.reader().read_after(position, kReadEvents, options_.piece_bytes * 4, batch);
    const bool emptied = oldest == 0 && batch.events.empty() && found.upto > position;
    if (oldest > position + 1 || emptied) {
      found.gap = Gap{format_position(journal_.epoch(), position), "retention"};
    }
    core::Decoder& decoder = worker.decoder(catalogue);
    for (core::Event& event : batch.events) {
      if (!journal::matches(filter, event)) continue;
      decoder.complete(event, batch);
      append_sse_event(found.text, event, journal_.epoch());
    }
  } catch (const std::exception&) {
    found = {position, {}, std::nullopt};  // the next heartbeat tries again
  }
  return found;
}

void Live::catch_up(const std::shared_ptr<Client>& client) {
  std::shared_ptr<const core::Catalogue> catalogue;
  {
    std::lock_guard lock(mutex_);
    catalogue = catalogue_;
  }
  const bool of_slice = slice_state_ == SliceState::kWaking;
  if (of_slice) slice_state_ = SliceState::kLooking;
  const http::Piece piece = *client->piece();
  const std::uint64_t position = client->position();
  const bool taken =
      pool_.submit([this, client, catalogue, piece, position, of_slice](Worker& worker) {
        Found found = look(worker, client->filter(), position, catalogue);
        piece.post([this, client, of_slice, found = std::move(found)] {
          client->caught_up(found.upto, found.text, found.gap);
          if (of_slice) end_slice();
        });
      });
  if (taken) return;
  if (of_slice) slice_state_ = SliceState::kWaking;
  client->caught_up(position, {}, std::nullopt);
}

}  // namespace kcloud::api
