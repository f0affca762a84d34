// What the journal and its readers share: which file is the current one, and whether a reader met
// damage in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace kcloud::journal {

class Reader;

struct Generation {
  std::atomic<std::uint64_t> number{0};      // raised when the database file was replaced
  std::atomic<bool> damage_reported{false};  // set by a reader; the writer salvages
};

std::unique_ptr<Reader> make_reader(const std::string& directory, const std::string& vfs,
                                    std::shared_ptr<Generation> generation);

}  // namespace kcloud::journal
