// `kcloud-logger dead-letters`: what a running agent refused; listed, tried again and removed.
// Blocks for the answers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/cli/address.h"

namespace kcloud::cli {

struct DeadLettersOptions {
  Address agent;
  std::vector<std::uint64_t> ids;  // of show, retry and purge
  std::string origin, reason, type, since, until;
  std::uint64_t limit = 100;  // of ls; 0: all
  bool all = false;           // of purge and retry: without a filter
  bool json = false;
};

// 0: done; 1: refused again, no such letter, or without the role; 2: nobody answers, or no letters
// were named.
int list_dead_letters(const DeadLettersOptions& options);
int show_dead_letters(const DeadLettersOptions& options);
int retry_dead_letters(const DeadLettersOptions& options);
int purge_dead_letters(const DeadLettersOptions& options);

// The query of the filters that are set, each as `name=value`, with `&` in between. Pure.
std::string dead_letters_query(const DeadLettersOptions& options);
// The table of what GET /dead-letters answered, with a head when `head`. Pure.
std::string dead_letters_table(const std::string& answer, bool head);

}  // namespace kcloud::cli
