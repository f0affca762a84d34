#include "collectors/redis/reply_arena.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace kcloud::redis {
namespace {

constexpr std::size_t kBlock = 256 << 10;

// Makes a part and puts it into the array it belongs to, as hiredis's own functions do.
redisReply* make(const redisReadTask* task, int type) {
  auto* memory = static_cast<ReplyArena*>(task->privdata)->allocate(sizeof(redisReply));
  auto* reply = new (memory) redisReply{};
  reply->type = type;
  if (task->parent != nullptr) {
    static_cast<redisReply*>(task->parent->obj)->element[task->idx] = reply;
  }
  return reply;
}

void* make_string(const redisReadTask* task, char* text, std::size_t size) {
  redisReply* reply = make(task, task->type);
  reply->str = static_cast<ReplyArena*>(task->privdata)->allocate(size + 1);
  std::memcpy(reply->str, text, size);
  reply->str[size] = '\0';
  reply->len = size;
  return reply;
}

void* make_array(const redisReadTask* task, int elements) {
  redisReply* reply = make(task, REDIS_REPLY_ARRAY);
  reply->elements = static_cast<std::size_t>(elements);
  reply->element = reinterpret_cast<redisReply**>(
      static_cast<ReplyArena*>(task->privdata)->allocate(reply->elements * sizeof(redisReply*)));
  std::fill_n(reply->element, reply->elements, nullptr);
  return reply;
}

void* make_integer(const redisReadTask* task, long long value) {
  redisReply* reply = make(task, REDIS_REPLY_INTEGER);
  reply->integer = value;
  return reply;
}

void* make_nil(const redisReadTask* task) { return make(task, REDIS_REPLY_NIL); }

void forget(void* /*reply*/) {}

}  // namespace

ReplyArena::ReplyArena() : functions_{make_string, make_array, make_integer, make_nil, forget} {}

std::unique_ptr<redisReader, FreeReader> ReplyArena::make_reader() {
  std::unique_ptr<redisReader, FreeReader> reader(redisReaderCreateWithFunctions(&functions_));
  if (reader == nullptr) throw std::bad_alloc();
  reader->privdata = this;
  return reader;
}

char* ReplyArena::allocate(std::size_t size) {
  size = (size + 7) & ~std::size_t{7};
  if (static_cast<std::size_t>(end_ - next_) < size) {
    const std::size_t block = std::max(size, kBlock);
    blocks_.emplace_back(new char[block]);
    next_ = blocks_.back().get();
    end_ = next_ + block;
  }
  char* memory = next_;
  next_ += size;
  return memory;
}

void ReplyArena::clear() {
  if (blocks_.empty()) {
    blocks_.emplace_back(new char[kBlock]);
  } else {
    blocks_.resize(1);
  }
  next_ = blocks_.front().get();
  end_ = next_ + kBlock;
}

}  // namespace kcloud::redis
