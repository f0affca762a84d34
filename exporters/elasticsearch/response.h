// What an answer of Elasticsearch or OpenSearch means for the events that were sent. Pure.
//
// Each item of a `_bulk` has an outcome of its own. Stored, or there already (409): done. A
// document that the mapping refuses: rejected for good. Overload and trouble of a shard: again
// later. Everything else (permission, blocks, a closed or missing index, limits of shards,
// pipelines) needs a person: held, never lost. A whole request is bisected only where the server
// says that it could not read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/exporter.h"
#include "exporters/http_client/client.h"

namespace kcloud::elasticsearch {

struct Judgement {
  core::Delivery delivery;    // `rejected` of all items, also where others are not done
  std::vector<bool> settled;  // by item: stored or rejected; empty where the answer names no items
};

// `count`: items that were sent.
Judgement judge(const http_client::Response& response, std::size_t count);

// An answer that is no 2xx, to a request that carries no events: kRetry or kHold.
core::Delivery refusal(const http_client::Response& response);

// The elements of a JSON array, as they stand in it; none when it is no array.
std::vector<std::string_view> elements_of(std::string_view array);

}  // namespace kcloud::elasticsearch
