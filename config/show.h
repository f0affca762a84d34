// Options as members of a JSON object, alike for the agent's sections and those of plugins; and the
// entry of a plugin in the table of types, from its parse and show.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "core/json.h"

namespace kcloud::config {

void append_value(std::string& out, const std::string& text);
void append_value(std::string& out, bool value);
void append_value(std::string& out, std::uint32_t number);
void append_value(std::string& out, std::uint64_t number);
void append_value(std::string& out, double number);
void append_value(std::string& out, const Secret& secret);  // `"***"`, or empty
void append_value(std::string& out, milliseconds value);    // `10s`
void append_value(std::string& out, const std::vector<std::string>& texts);
void append_value(std::string& out, const std::map<std::string, std::string>& texts);
void append_value(std::string& out, const std::vector<std::pair<std::string, std::string>>& texts);

// Appends `"key":value`; also a visitor over config/options.h.
struct Shower {
  std::string& out;

  template <typename T>
  void operator()(std::string_view key, const T& value) const {
    core::append_key(out, key);
    append_value(out, value);
  }
  template <typename T>
  void operator()(std::string_view key, const T& value, T, T) const {
    (*this)(key, value);
  }
  void choice(std::string_view key, const std::string& value,
              const std::vector<std::string>&) const {
    (*this)(key, value);
  }
};

// `types`: what a source's names say of the type of its events, under the key `types_key`.
template <typename Options, typename Types>
CollectorPlugin collector_plugin(std::string type, Options (*parse)(Section&),
                                 std::string (*show)(const Options&), std::string_view types_key,
                                 Types Options::*types) {
  return {std::move(type),
          [parse](Section& section) -> std::shared_ptr<const void> {
            return std::make_shared<const Options>(parse(section));
          },
          [show](const void* options) { return show(*static_cast<const Options*>(options)); },
          [types_key, types](const void* options) {
            const Types& map = static_cast<const Options*>(options)->*types;
            return TypeMap{types_key, {map.begin(), map.end()}};
          },
          [](const void* one, const void* other) {
            return *static_cast<const Options*>(one) == *static_cast<const Options*>(other);
          }};
}

template <typename Options>
ExporterPlugin exporter_plugin(std::string type, bool required_by_default,
                               Options (*parse)(Section&), std::string (*show)(const Options&)) {
  return {std::move(type), required_by_default,
          [parse](Section& section) -> std::shared_ptr<const void> {
            return std::make_shared<const Options>(parse(section));
          },
          [show](const void* options) { return show(*static_cast<const Options*>(options)); }};
}

}  // namespace kcloud::config
