// Memory of one answer: hiredis makes its parts here instead of allocating each (an entry of a
// stream is ten of them), and all of them go at once.
//
// One thread. The arena outlives the readers it made; what an answer points to is valid until
// clear().
#pragma once

#include <hiredis/hiredis.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace kcloud::redis {

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

class ReplyArena {
 public:
  ReplyArena();
  ReplyArena(const ReplyArena&) = delete;
  ReplyArena& operator=(const ReplyArena&) = delete;

  // A reader whose answers are in this arena. Throws std::bad_alloc.
  std::unique_ptr<redisReader, FreeReader> make_reader();
  // Forgets every answer; keeps a bounded piece of memory. Not between the parts of one.
  void clear();

  // 8-byte aligned.
  char* allocate(std::size_t size);

 private:
  redisReplyObjectFunctions functions_;
  std::vector<std::unique_ptr<char[]>> blocks_;  // the first is kept
  char* next_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace kcloud::redis
