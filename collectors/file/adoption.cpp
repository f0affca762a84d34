// The part of Tracker that tells new files from what was read before.
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

#include "collectors/file/tracker.h"

namespace kcloud::file {
namespace {

constexpr std::int64_t kClockStep = 100'000'000;  // files' times are coarser than the clock

bool exists(const std::string& path) {
  struct ::stat stat {};
  return ::lstat(path.c_str(), &stat) == 0;
}

bool leads_to(const std::string& path, const FileKey& key) {
  struct ::stat stat {};
  return ::stat(path.c_str(), &stat) == 0 && state_of(stat).key == key;
}

std::string without_suffix(const std::string& compressed) {
  return compressed.substr(0, compressed.size() - 3);
}

}  // namespace

void Tracker::look_for_leftovers(const std::string& base) {
  std::set<std::pair<std::string, std::string>> places;  // folder, name
  for (const StreamPtr& stream : streams_)
    if (stream->at.base == base) places.emplace(stream->folder, stream->at.name);
  std::vector<Match> found;
  for (const auto& [folder, name] : places) {
    for (const Entry& entry : list(folder)) {
      if (!is_rotation_of(entry.name, name)) continue;
      const std::string path = folder + "/" + entry.name;
      struct ::stat stat {};
      if (::lstat(path.c_str(), &stat) == 0 && S_ISREG(stat.st_mode))
        found.push_back({path, state_of(stat)});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Match& a, const Match& b) { return a.state.modified < b.state.modified; });
  for (const Match& match : found)
    if (!by_key_.contains(match.state.key)) take_in({base, match.path, false});
}

void Tracker::take_in(const Candidate& candidate) {
  // While it is being compressed, the file itself is still there.
  if (is_compressed(candidate.path) && exists(without_suffix(candidate.path))) return;
  const Probe file(candidate.path);
  // Names move on while they are looked at.
  if (by_key_.contains(file.state().key)) return;
  if (!file.readable()) {
    if (problem_.empty())
      problem_ = fmt::format("{}: cannot be read. Hint: the agent's user must be allowed to",
                             candidate.path);
    return;
  }
  if (!file.beginning().empty()) {
    check_owners(candidate);
    bool copy = false;
    const StreamPtr owner = owner_of(file, candidate, copy);
    if (copy) return;
    if (owner != nullptr) return adopt(owner, candidate, file);
  } else if (!candidate.matched) {
    return;  // empty, or its compression has only begun
  }
  if (!candidate.matched) {
    // Was there before what is known of its base, or came between two looks at it?
    const auto attention = attention_.find(candidate.base);
    if (attention == attention_.end() || file.state().modified < attention->second.since) return;
  }
  const StreamPtr stream = create(candidate.base, candidate.path, file.state(),
                                  candidate.matched ? name_of(candidate.path) : std::string());
  stream->rotated = !candidate.matched;
  stream->at.head = head_of(file.beginning());
  if (stream->rotated) hold(*stream, file);
  // It may have been rotated before it was seen at all.
  if (candidate.matched && !first_start_) {
    known_.try_emplace(candidate.base, looked_ - kClockStep);
    attend(*stream);
  }
  if (candidate.matched && first_start_ && config_.start == "end") begin_at_end(*stream);
}

// What a file held may have been copied and truncated since it was read: only its content tells.
void Tracker::check_owners(const Candidate& candidate) {
  const std::string folder = folder_of(candidate.path), name = name_of(candidate.path);
  const std::vector<StreamPtr> all = streams_;
  for (const StreamPtr& stream : all) {
    if (!stream->held() || stream->rotated || stream->deleted) continue;
    if (stream->folder != folder || !is_rotation_of(name, stream->at.name)) continue;
    const Probe file(stream->at.path);
    if (!file.readable() || file.state().key != stream->at.key || stream->at.head.length == 0)
      continue;
    if (!goes_on(file, stream->at.head, stream->read)) replaced(stream, now_);
  }
}

bool Tracker::is_copy(const Probe& file, const std::string& path, const Stream& of) const {
  if (file.compressed()) {
    if (of.at.head.length == 0 || !fits(of.at.head, file.beginning())) return false;
    // It went away since it was located: the next scan knows more.
    if (!of.deleted && !leads_to(of.at.path, of.at.key)) return true;
    return (of.deleted || path == of.at.path + ".gz") &&
           file.content_size() == static_cast<std::uint32_t>(of.at.size);
  }
  if (of.rotated || of.deleted || !is_rotation_of(name_of(path), of.at.name)) return false;
  const Probe original(of.at.path);
  // What a rename put there is older than the file in its place, a copy is younger.
  if (file.born() != 0 && file.born() < original.born()) return false;
  return same_as_far_as_there(file, original);
}

bool Tracker::was_rejected(const FileState& state) const {
  const auto found = rejected_.find(state.key);
  return found != rejected_.end() && found->second == state.modified;
}

Tracker::StreamPtr Tracker::owner_of(const Probe& file, const Candidate& candidate,
                                     bool& copy) const {
  const std::string folder = folder_of(candidate.path), name = name_of(candidate.path);
  StreamPtr best;
  for (const StreamPtr& stream : streams_) {
    if (stream->folder != folder) continue;
    if (name != stream->at.name && !is_rotation_of(name, stream->at.name)) continue;
    if (stream->held()) {
      copy = is_copy(file, candidate.path, *stream);
      if (copy) return nullptr;
    } else if (goes_on(file, stream->at.head, stream->read) && !was_rejected(file.state()) &&
               (best == nullptr || stream->read.offset > best->read.offset)) {
      best = stream;
    }
  }
  return best;
}

void Tracker::adopt(const StreamPtr& stream, const Candidate& candidate, const Probe& file) {
  Stream& s = *stream;
  s.bind(candidate.path, file.state());
  s.changed = now_;
  s.rotated = !candidate.matched || candidate.base != s.at.base;
  const bool all_read = s.compressed
                            ? file.content_size() == static_cast<std::uint32_t>(s.read.offset)
                            : s.at.size == s.read.offset;
  s.at.finished = s.rotated && all_read;
  by_key_.emplace(s.at.key, stream);
  spdlog::info("collector {}: {} holds what {} held, {}", name_, candidate.path, s.at.base,
               all_read ? std::string("all of it read")
                        : fmt::format("and is read on from byte {}", s.read.offset));
  if (s.at.finished) return;
  hold(s, file);
  wake(stream);
}

// A leftover may be gone before its turn comes.
void Tracker::hold(Stream& stream, const Probe& file) {
  make_room(stream);
  stream.file = file.share();
}

Tracker::StreamPtr Tracker::create(const std::string& base, const std::string& path,
                                   const FileState& state, const std::string& name) {
  auto stream = std::make_shared<Stream>();
  stream->at.base = base;
  stream->at.name = name;
  if (name.empty()) {
    const auto of_base = std::find_if(streams_.begin(), streams_.end(), [&](const StreamPtr& one) {
      return one->at.base == base && !one->at.name.empty();
    });
    stream->at.name = of_base != streams_.end() ? (*of_base)->at.name : name_of(base);
  }
  stream->at.id = fmt::format(
      "{:016x}", checksum(fmt::format("{}:{}:{}:{}:{}", state.key.device, state.key.inode, path,
                                      core::to_nanos(clock_.now()), ++made_count_)));
  stream->bind(path, state);
  stream->changed = now_;
  made_(*stream);
  fresh_ = true;
  streams_.push_back(stream);
  by_key_[state.key] = stream;
  by_path_[path] = stream;
  if (state.size > 0) wake(stream);
  return stream;
}

// The line that is being written then is passed over as a whole.
void Tracker::begin_at_end(Stream& stream) {
  const std::string before = Probe(stream.at.path).before(stream.at.size);
  const bool inside = !before.empty() && before.back() != '\n';
  stream.read = stream.at.place = place_at(stream.at.size, before, inside);
}

void Tracker::replaced(const StreamPtr& stream, steady_clock::time_point now) {
  now_ = now;
  Stream& s = *stream;
  if (s.compressed) {
    rejected_[s.at.key] = s.at.modified;
    by_key_.erase(s.at.key);
    s.unbind();
    return;
  }
  struct ::stat stat {};
  const bool there =
      s.open() ? ::fstat(s.file.get(), &stat) == 0 : ::stat(s.at.path.c_str(), &stat) == 0;
  ++counters_.truncations;
  s.at.size = std::max(s.read.offset, std::min(s.at.size, s.sure_size));
  spdlog::info("collector {}: {} was truncated or replaced; {} of {} known bytes were read", name_,
               s.at.path, s.read.offset, std::max(s.at.size, s.read.offset));
  const std::string path = s.at.path;
  const bool rotated = s.rotated;
  by_key_.erase(s.at.key);
  s.unbind();
  s.rotated = true;
  s.changed = now;
  attend(s);
  restless_ = true;
  if (!there) return;
  const StreamPtr fresh = create(s.at.base, path, state_of(stat), s.at.name);
  fresh->rotated = rotated;
  fresh->at.head = head_of(Probe(path).beginning());
}

}  // namespace kcloud::file
