// Which seals of the journal a sink that carries them has not had: chain by chain, the one that
// goes on last, each in order. Its place in each chain is a cursor of the journal (cursor_name.h),
// apart from that of the events. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/journal/journal.h"
#include "agent/journal/lineage.h"
#include "agent/journal/reader.h"
#include "core/seal.h"

namespace kcloud::delivery {

class SealsToCarry {
 public:
  SealsToCarry(journal::Journal& journal, std::string exporter)
      : journal_(journal), exporter_(std::move(exporter)) {}

  // Whether next() would find any; looks at nothing on disk.
  bool waiting() const;
  // At most `limit`, of one chain; empty: none.
  std::vector<core::Seal> next(journal::Reader& reader, std::size_t limit);
  // The sink has what next() gave up to this one, or never will: the cursor moves with the
  // journal's next commit.
  void done(std::uint64_t last);

  std::uint64_t gone() const { return gone_; }  // retention took so many before what next() gave
  std::uint64_t carried_to() const { return at_; }

 private:
  void enter(std::size_t part);

  journal::Journal& journal_;
  const std::string exporter_;
  std::vector<journal::ChainPart> parts_;  // empty: not looked for yet
  std::size_t part_ = 0;
  std::uint64_t at_ = 0;  // batch of that part that the cursor stands at; 0: before the first kept
  std::uint64_t gone_ = 0;
};

}  // namespace kcloud::delivery
