#include "exporters/elasticsearch/seal_document.h"

#include <fmt/format.h>

#include <iterator>

#include "core/hex.h"
#include "core/json.h"
#include "exporters/elasticsearch/document.h"

namespace kcloud::elasticsearch {

SealEncoder::SealEncoder(std::string_view prefix, std::string_view agent,
                         std::string_view agent_cluster)
    : action_(fmt::format(R"({{"create":{{"_index":"{}-{}-)", prefix, kSealType)),
      agent_(agent),
      agent_cluster_(agent_cluster) {}

void SealEncoder::append(const core::Seal& seal, std::string& out) const {
  const auto chain = core::to_string(seal.chain);
  fmt::format_to(std::back_inserter(out), "{}{}\",\"_id\":\"{}-{}\"}}}}\n", action_,
                 date_text(seal.day), chain, seal.seq);
  out += R"({"@timestamp":")";
  core::append_time(out, seal.sealed);
  fmt::format_to(std::back_inserter(out),
                 R"(","chain":"{}","seq":{},"events":{},"total_events":{},"journal_end":{},)"
                 R"("root":"{}","prev":"{}","hash":"{}")",
                 chain, seal.seq, seal.events, seal.total_events, seal.journal_end,
                 core::to_hex(seal.root), core::to_hex(seal.prev), core::to_hex(seal.hash));
  core::append_member(out, "agent", agent_);
  core::append_member(out, "agent_cluster", agent_cluster_);
  out += "}\n";
}

}  // namespace kcloud::elasticsearch
