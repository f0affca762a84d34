// Which contents there are, which file has each of them now, and which of them have something to
// read. Looks at folders and at files' states; reads contents only to recognise them.
//
// Promise: nothing that was begun is given up while a file beside it still holds it, under whatever
// name rotation gave it; no file is read twice as a whole. One thread; blocks on the disk alone.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collectors/file/config.h"
#include "collectors/file/probe.h"
#include "collectors/file/stream.h"
#include "core/time.h"

namespace kcloud::file {

struct TrackerCounters {
  std::uint64_t rotations = 0;
  std::uint64_t truncations = 0;
  std::uint64_t lost_bytes = 0;  // seen to be there, gone before they were read
};

class Tracker {
 public:
  using StreamPtr = std::shared_ptr<Stream>;

  // `made` completes a new stream (source, type). `name`: of the collector, for the log.
  Tracker(const Config& config, std::string name, std::string state_dir, const core::Clock& clock,
          std::function<void(Stream&)> made);

  // Reads the registry; once.
  void load();
  // Looks at everything. What has something to read is put into the queue.
  void scan(steady_clock::time_point now);
  // Writes the registry.
  void save();

  // The next stream with something to read; nullptr when there is none.
  StreamPtr next();
  void wake(const StreamPtr& stream);
  void wake(const std::string& real_path);
  bool idle() const { return ready_.empty(); }
  // The file holds something else now: what was read of it goes on where a copy of it is found.
  void replaced(const StreamPtr& stream, steady_clock::time_point now);
  // Keeps the number of open files within the limit, `stream` about to be opened.
  void make_room(const Stream& stream);

  const std::vector<StreamPtr>& streams() const { return streams_; }
  const TrackerCounters& counters() const { return counters_; }
  // What could not be looked at in the last scan; empty: all is well.
  const std::string& problem() const { return problem_; }
  // Some streams are not in the registry yet: it is to be saved before their events are handed
  // over.
  bool has_fresh() const { return fresh_; }
  // Something waits for its time: scan more often.
  bool restless() const { return restless_; }
  std::vector<std::string> folders() const;  // real ones, to be watched

 private:
  struct Entry {
    std::string name;
    std::uint64_t inode;
  };
  // Rotation happened to a path: for some time its leftovers are looked for.
  struct Attention {
    steady_clock::time_point until;
    std::int64_t since = 0;  // files that were last modified before were there before
  };
  struct Candidate {
    std::string base, path;  // as found; real
    bool matched;            // by the globs
  };
  using ByKey = std::map<FileKey, const Match*>;

  const std::vector<Entry>& list(const std::string& folder);
  void locate(const StreamPtr& stream, const ByKey& matches);
  static bool still_holds(const Stream& stream, const std::string& path);
  bool locate_beside(const StreamPtr& stream);
  void observe(const StreamPtr& stream, const FileState& state);
  void moved_away(const StreamPtr& stream);
  void look_for_leftovers(const std::string& base);
  void take_in(const Candidate& candidate);
  void check_owners(const Candidate& candidate);
  bool is_copy(const Probe& file, const std::string& path, const Stream& of) const;
  bool was_rejected(const FileState& state) const;
  StreamPtr owner_of(const Probe& file, const Candidate& candidate, bool& copy) const;
  void hold(Stream& stream, const Probe& file);
  void adopt(const StreamPtr& stream, const Candidate& candidate, const Probe& file);
  StreamPtr create(const std::string& base, const std::string& path, const FileState& state,
                   const std::string& name);
  void begin_at_end(Stream& stream);
  void attend(const Stream& stream);
  void settle();
  void settle(const StreamPtr& stream);
  void report_lost(Stream& stream);

  Config config_;
  std::string name_, state_dir_;
  const core::Clock& clock_;
  std::function<void(Stream&)> made_;
  bool first_start_ = false;
  bool scanned_ = false;
  bool fresh_ = false;
  bool restless_ = false;
  steady_clock::time_point now_;
  std::int64_t looked_ = 0;  // wall time of the scan before, also of another process
  std::vector<StreamPtr> streams_;
  std::map<FileKey, StreamPtr> by_key_;
  std::map<std::string, StreamPtr> by_path_;
  std::deque<StreamPtr> ready_;
  std::map<std::string, std::vector<Entry>> listings_;  // of one scan
  std::map<std::string, std::int64_t> known_;  // by base: newest modification known before the scan
  std::map<std::string, Attention> attention_;  // by base
  std::map<FileKey, std::int64_t> rejected_;    // compressed files that held something else
  std::string problem_;
  TrackerCounters counters_;
  std::uint64_t made_count_ = 0;
  std::uint64_t use_ = 0;
};

}  // namespace kcloud::file
