#include "core/event.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace kcloud::core {

namespace {
constexpr std::size_t kMinBlock = 4096;
constexpr std::size_t align8(std::size_t size) { return (size + 7) & ~std::size_t{7}; }
}  // namespace

void EventBatch::grow(std::size_t at_least) {
  const std::size_t doubled = blocks_.empty() ? kMinBlock : std::min<std::size_t>(bytes_, 1 << 20);
  const std::size_t size = align8(std::max({at_least, doubled, kMinBlock}));
  blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
  next_ = blocks_.back().memory.get();
  end_ = next_ + size;
  bytes_ += size;
}

char* EventBatch::allocate(std::size_t size) {
  const std::size_t rounded = align8(size);
  if (static_cast<std::size_t>(end_ - next_) < rounded) grow(rounded);
  char* block = next_;
  next_ += rounded;
  return block;
}

void EventBatch::shrink_last(const char* block, std::size_t size, std::size_t used) {
  if (block + align8(size) == next_) next_ -= align8(size) - align8(used);
}

std::string_view EventBatch::keep(std::string_view text) {
  if (text.empty()) return {};
  char* copy = allocate(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

std::span<FieldValue> EventBatch::allocate_fields(std::size_t count) {
  auto* values = reinterpret_cast<FieldValue*>(allocate(count * sizeof(FieldValue)));
  for (std::size_t i = 0; i < count; ++i) new (values + i) FieldValue();
  return {values, count};
}

std::shared_ptr<const void> EventBatch::share() {
  auto memory = std::make_shared<std::vector<Block>>(std::move(blocks_));
  blocks_.clear();
  next_ = end_ = nullptr;
  bytes_ = 0;
  owners_.push_back(memory);
  return memory;
}

void EventBatch::clear() {
  events.clear();
  owners_.clear();
  if (blocks_.empty()) return;
  if (blocks_.size() > 1) {
    std::swap(blocks_.front(), blocks_.back());
    blocks_.resize(1);
  }
  next_ = blocks_.front().memory.get();
  end_ = next_ + blocks_.front().size;
  bytes_ = blocks_.front().size;
}

}  // namespace kcloud::core
