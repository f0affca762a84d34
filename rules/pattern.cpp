#include "rules/pattern.h"

#include <re2/re2.h>

#include <utility>

namespace kcloud::rules {
namespace {

constexpr std::int64_t kMaxMemory = 1 << 20;

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  return options;
}

}  // namespace

struct Pattern::Impl {
  explicit Impl(const std::string& text) : regex(text, options()) {}
  RE2 regex;
};

Pattern::Pattern(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pattern::~Pattern() = default;

std::shared_ptr<const Pattern> Pattern::compile(const std::string& text, std::string& error) {
  auto impl = std::make_unique<Impl>(text);
  if (!impl->regex.ok()) {
    error = impl->regex.error();
    return nullptr;
  }
  return std::shared_ptr<const Pattern>(new Pattern(std::move(impl)));
}

bool Pattern::matches(std::string_view value) const {
  return RE2::FullMatch(re2::StringPiece(value.data(), value.size()), impl_->regex);
}

const std::string& Pattern::text() const { return impl_->regex.pattern(); }

}  // namespace kcloud::rules
