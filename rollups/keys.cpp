#include "rollups/keys.h"

#include <algorithm>

#include "core/bytes.h"

namespace kcloud::rollups {

std::uint32_t Dictionary::name(std::string_view name) {
  if (const auto id = find_name(name); id != 0) return id;
  names_.emplace(name, ++last_name_);
  new_names_.emplace_back(last_name_, name);
  return last_name_;
}

std::uint32_t Dictionary::find_name(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? 0 : found->second;
}

std::uint32_t Dictionary::series(std::uint32_t type, const std::string& tags) {
  const auto [found, is_new] = series_.try_emplace({type, tags}, last_series_ + 1);
  if (is_new) {
    new_series_.push_back({++last_series_, type, tags});
    ++counts_[type];
  }
  return found->second;
}

std::uint32_t Dictionary::find_series(std::uint32_t type, const std::string& tags) const {
  const auto found = series_.find({type, tags});
  return found == series_.end() ? 0 : found->second;
}

std::size_t Dictionary::series_of(std::uint32_t type) const {
  const auto found = counts_.find(type);
  return found == counts_.end() ? 0 : found->second;
}

std::vector<Dictionary::Series> Dictionary::all_series(std::uint32_t type) const {
  std::vector<Series> all;
  for (auto at = series_.lower_bound({type, std::string()});
       at != series_.end() && at->first.first == type; ++at)
    all.push_back({at->second, type, at->first.second});
  return all;
}

void Dictionary::restore_name(std::uint32_t id, std::string name) {
  last_name_ = std::max(last_name_, id);
  names_.insert_or_assign(std::move(name), id);
}

void Dictionary::restore_series(Series series) {
  last_series_ = std::max(last_series_, series.id);
  ++counts_[series.type];
  series_.insert_or_assign({series.type, std::move(series.tags)}, series.id);
}

std::vector<std::pair<std::uint32_t, std::string>> Dictionary::take_names() {
  return std::exchange(new_names_, {});
}

std::vector<Dictionary::Series> Dictionary::take_series() { return std::exchange(new_series_, {}); }

std::string encode_tags(const Tags& tags) {
  core::ByteWriter out;
  for (const auto& [name, value] : tags) {
    out.text(name);
    out.text(value);
  }
  return out.take();
}

Tags decode_tags(std::string_view text) {
  core::ByteReader from(text);
  Tags tags;
  while (from.ok() && !from.at_end()) {
    std::string name(from.text());
    tags.emplace_back(std::move(name), from.text());
  }
  return tags;
}

}  // namespace kcloud::rollups
