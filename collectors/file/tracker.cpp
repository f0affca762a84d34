#include "collectors/file/tracker.h"

#include <dirent.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <set>
#include <utility>

namespace kcloud::file {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kForgetRead = std::chrono::hours(24);  // of files that are gone
constexpr nanoseconds kForgetUnread = std::chrono::hours(24 * 7);

std::string real_path(const std::string& path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) != nullptr ? std::string(buffer) : path;
}

}  // namespace

Tracker::Tracker(const Config& config, std::string name, std::string state_dir,
                 const core::Clock& clock, std::function<void(Stream&)> made)
    : config_(config),
      name_(std::move(name)),
      state_dir_(std::move(state_dir)),
      clock_(clock),
      made_(std::move(made)) {}

void Tracker::load() {
  Registry registry = load_registry(state_dir_);
  first_start_ = !registry.found;
  looked_ = registry.saved;
  if (!registry.problem.empty()) {
    spdlog::warn(
        "collector {}: {}; kept as registry.json.damaged. {} files are known, the others are read "
        "from their beginning: what is stored already is recognised",
        name_, registry.problem, registry.files.size());
  }
  for (Checkpoint& file : registry.files) {
    auto stream = std::make_shared<Stream>();
    stream->folder = folder_of(file.path);
    stream->compressed = is_compressed(file.path);
    stream->rotated = file.path != file.base;
    stream->fresh = false;
    stream->at = std::move(file);
    stream->read = stream->at.place;
    stream->sure_size = stream->at.size;
    const auto gone = core::to_nanos(clock_.now()) - stream->at.gone;
    stream->reported =
        stream->at.gone != 0 && nanoseconds(gone) > std::chrono::nanoseconds(config_.rotate_wait);
    made_(*stream);
    if (stream->held()) by_key_.emplace(stream->at.key, stream);
    streams_.push_back(std::move(stream));
  }
}

void Tracker::save() {
  std::vector<Checkpoint> files;
  files.reserve(streams_.size());
  for (const StreamPtr& stream : streams_) {
    files.push_back(stream->at);
    files.back().finished = stream->at.finished && stream->at.place == stream->read;
    const auto attention = attention_.find(stream->at.base);
    files.back().attention = attention != attention_.end() ? attention->second.since : 0;
  }
  save_registry(state_dir_, files);
  for (const StreamPtr& stream : streams_) stream->fresh = false;
  fresh_ = false;
}

Tracker::StreamPtr Tracker::next() {
  if (ready_.empty()) return nullptr;
  StreamPtr stream = std::move(ready_.front());
  ready_.pop_front();
  stream->queued = false;
  stream->used = ++use_;
  return stream;
}

void Tracker::wake(const StreamPtr& stream) {
  if (std::exchange(stream->queued, true)) return;
  ready_.push_back(stream);
}

void Tracker::wake(const std::string& path) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return;
  found->second->changed = steady_clock::now();
  wake(found->second);
}

void Tracker::make_room(const Stream& stream) {
  if (stream.open()) return;
  const auto open = std::count_if(streams_.begin(), streams_.end(),
                                  [](const StreamPtr& one) { return one->open(); });
  if (open < static_cast<std::ptrdiff_t>(config_.max_open_files)) return;
  // What is unread may be deleted meanwhile: idle ones first.
  Stream* idlest = nullptr;
  for (const StreamPtr& one : streams_) {
    if (!one->open() || one->deleted || one.get() == &stream) continue;
    if (idlest == nullptr ||
        std::pair(!one->at_end, one->used) < std::pair(!idlest->at_end, idlest->used)) {
      idlest = one.get();
    }
  }
  if (idlest != nullptr) idlest->close();
}

std::vector<std::string> Tracker::folders() const {
  std::set<std::string> folders;
  for (const std::string& glob : config_.paths)
    for (const std::string& folder : folders_of(glob)) folders.insert(real_path(folder));
  for (const StreamPtr& stream : streams_)
    if (stream->held()) folders.insert(stream->folder);
  return {folders.begin(), folders.end()};
}

void Tracker::scan(steady_clock::time_point now) {
  now_ = now;
  const std::int64_t began = core::to_nanos(clock_.now());
  listings_.clear();
  std::vector<std::string> problems;
  const auto matches = find_files(config_.paths, config_.exclude, problems);
  problem_ = problems.empty() ? "" : problems.front();
  ByKey by_key;
  for (const Match& match : matches) by_key.emplace(match.state.key, &match);
  known_.clear();
  for (const StreamPtr& stream : streams_) {
    auto& newest = known_[stream->at.base];
    newest = std::max(newest, stream->at.modified);
  }
  // What was being looked for when the process ended is looked for again.
  for (const StreamPtr& stream : streams_) {
    auto& newest = known_[stream->at.base];
    if (stream->at.attention != 0) newest = std::min(newest, stream->at.attention);
    stream->at.attention = 0;
  }
  // A base whose own link or name leads to the key comes before another match of the same file.
  for (const Match& match : matches) {
    const auto owner = by_key_.find(match.state.key);
    if (owner != by_key_.end() && owner->second->at.base == match.path)
      by_key[match.state.key] = &match;
  }
  const std::vector<StreamPtr> before = streams_;
  for (const StreamPtr& stream : before) locate(stream, by_key);
  by_key_.clear();
  for (const StreamPtr& stream : streams_)
    if (stream->held()) by_key_.emplace(stream->at.key, stream);
  for (const Match& match : matches) {
    if (!by_key_.contains(match.state.key)) take_in({match.path, real_path(match.path), true});
  }
  if (!scanned_)
    for (const StreamPtr& stream : before) attend(*stream);
  std::vector<std::string> bases;
  for (const auto& [base, attention] : attention_) bases.push_back(base);
  for (const std::string& base : bases) look_for_leftovers(base);
  settle();
  scanned_ = true;
  first_start_ = false;
  looked_ = began;
}

const std::vector<Tracker::Entry>& Tracker::list(const std::string& folder) {
  const auto [place, added] = listings_.try_emplace(folder);
  if (!added) return place->second;
  if (DIR* directory = ::opendir(folder.c_str())) {
    while (const dirent* entry = ::readdir(directory))
      place->second.push_back({entry->d_name, entry->d_ino});
    ::closedir(directory);
  }
  return place->second;
}

void Tracker::locate(const StreamPtr& stream, const ByKey& matches) {
  Stream& s = *stream;
  if (!s.held()) return;
  if (const auto match = matches.find(s.at.key); match != matches.end()) {
    const bool at_base = match->second->path == s.at.base;
    if (s.rotated && !s.open() && !still_holds(s, match->second->path)) return s.unbind();
    if (!at_base || s.rotated || !scanned_) {
      s.at.path = real_path(match->second->path);
      s.folder = folder_of(s.at.path);
      if (at_base) s.at.name = name_of(s.at.path);
    }
    s.deleted = false;
    if (at_base) s.rotated = false;
    if (!at_base && !s.rotated) moved_away(stream);
    return observe(stream, match->second->state);
  }
  if (locate_beside(stream)) return;
  struct ::stat stat {};
  if (s.open() && ::fstat(s.file.get(), &stat) == 0) {
    if (!s.deleted) {
      s.deleted = true;
      s.changed = now_;
      attend(s);
    }
    return observe(stream, state_of(stat));
  }
  s.unbind();
}

// Inodes are used again soon: the content tells. An empty file has none, there the name does.
bool Tracker::still_holds(const Stream& s, const std::string& path) {
  if (s.at.head.length > 0) return goes_on(Probe(path), s.at.head, s.read);
  const std::string name = name_of(path);
  return name == s.at.name || is_rotation_of(name, s.at.name);
}

// Among the files of the folder in which it was.
bool Tracker::locate_beside(const StreamPtr& stream) {
  Stream& s = *stream;
  for (const Entry& entry : list(s.folder)) {
    if (entry.inode != s.at.key.inode && entry.name != s.at.name &&
        !is_rotation_of(entry.name, s.at.name)) {
      continue;
    }
    if (is_compressed(entry.name) != s.compressed) continue;  // its inode is another's now
    const std::string path = s.folder + "/" + entry.name;
    struct ::stat stat {};
    if (::lstat(path.c_str(), &stat) != 0 || !S_ISREG(stat.st_mode)) continue;
    const FileState state = state_of(stat);
    if (state.key != s.at.key) continue;
    const bool moved = path != s.at.path;
    if ((moved || !scanned_) && !still_holds(s, path)) continue;  // its inode is another's now
    s.at.path = path;
    s.deleted = false;
    if (moved && !s.rotated) moved_away(stream);
    s.rotated = true;
    observe(stream, state);
    return true;
  }
  return false;
}

void Tracker::moved_away(const StreamPtr& stream) {
  stream->rotated = true;
  stream->changed = now_;
  ++counters_.rotations;
  attend(*stream);
  spdlog::debug("collector {}: {} was rotated to {}, read to {} of {} bytes", name_,
                stream->at.base, stream->at.path, stream->read.offset, stream->at.size);
}

void Tracker::observe(const StreamPtr& stream, const FileState& state) {
  Stream& s = *stream;
  const bool changed = state.size != s.at.size || state.modified != s.at.modified;
  if (s.compressed && changed) return s.unbind();  // its inode is another's now
  if (changed || !scanned_) s.changed = now_;
  if (!s.compressed && state.size < s.read.offset) {
    s.sure_size = s.at.size;
    return replaced(stream, now_);
  }
  s.at.size = state.size;
  s.at.modified = state.modified;
  if (s.at.finished) {
    if (!changed) return;
    s.at.finished = false;
  }
  if (changed || !s.at_end) wake(stream);
}

void Tracker::attend(const Stream& stream) {
  const auto known = known_.find(stream.at.base);
  const std::int64_t since = known != known_.end() ? known->second : stream.at.modified;
  const auto until = now_ + config_.rotate_wait;
  const auto [attention, added] = attention_.try_emplace(stream.at.base, Attention{until, since});
  if (added) return;
  attention->second.until = until;
  attention->second.since = std::min(attention->second.since, since);
}

void Tracker::settle() {
  restless_ = !attention_.empty();
  const std::vector<StreamPtr> all = streams_;
  for (const StreamPtr& stream : all) settle(stream);
  const std::int64_t now = core::to_nanos(clock_.now());
  std::erase_if(streams_, [&](const StreamPtr& stream) {
    const auto keep = stream->at.finished ? kForgetRead : kForgetUnread;
    return stream->at.gone != 0 && now - stream->at.gone > keep.count();
  });
  std::erase_if(attention_, [&](const auto& one) { return one.second.until <= now_; });
  by_key_.clear();
  by_path_.clear();
  for (const StreamPtr& stream : streams_) {
    if (!stream->held()) continue;
    by_key_.emplace(stream->at.key, stream);
    if (!stream->deleted) by_path_[stream->at.path] = stream;
  }
}

void Tracker::settle(const StreamPtr& stream) {
  Stream& s = *stream;
  const bool waited = now_ - s.changed >= config_.rotate_wait;
  if (s.held() && s.deleted && s.at.finished && s.at.place == s.read) s.unbind();
  if (s.held()) {
    if (!(s.rotated || s.deleted) || s.at.finished) return;
    restless_ = true;
    if (!s.at_end || s.finishing || !waited) return;
    s.finishing = true;
    return wake(stream);
  }
  if (s.at.gone == 0) {
    s.at.gone = core::to_nanos(clock_.now());
    s.changed = now_;
  } else if (!s.at.finished && !s.reported && waited) {
    return report_lost(s);
  }
  if (!s.at.finished && !s.reported) {
    restless_ = true;
    attend(s);
  }
}

void Tracker::report_lost(Stream& stream) {
  stream.reported = true;
  const std::uint64_t unread = stream.at.size - std::min(stream.at.size, stream.read.offset);
  if (unread == 0) {
    spdlog::info("collector {}: {} is gone; it was read to its last known end", name_,
                 stream.at.path);
    return;
  }
  counters_.lost_bytes += unread;
  spdlog::error(
      "collector {}: {} is gone, and no file beside it holds the {} bytes behind {} that were not "
      "read yet. Hint: keep rotated files for longer; a file that comes back is read on",
      name_, stream.at.path, unread, stream.read.offset);
}

}  // namespace kcloud::file
