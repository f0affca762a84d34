#include "collectors/file/kubernetes.h"

#include <algorithm>

namespace kcloud::file {
namespace {

constexpr std::size_t kIdDigits = 64;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// What Kubernetes allows in a name; no `_`, by which the paths are split.
bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.';
  });
}

struct Parts {
  std::string_view first, second, third;
};

std::optional<Parts> split(std::string_view text) {
  const auto one = text.find('_');
  const auto two = one == std::string_view::npos ? one : text.find('_', one + 1);
  if (two == std::string_view::npos) return std::nullopt;
  const Parts parts{text.substr(0, one), text.substr(one + 1, two - one - 1), text.substr(two + 1)};
  if (!is_name(parts.first) || !is_name(parts.second) || !is_name(parts.third)) return std::nullopt;
  return parts;
}

std::optional<Container> of_link(std::string_view name) {
  if (!name.ends_with(".log")) return std::nullopt;
  const auto parts = split(name.substr(0, name.size() - 4));
  if (!parts) return std::nullopt;
  const std::string_view rest = parts->third;
  if (rest.size() <= kIdDigits + 1) return std::nullopt;
  const std::string_view id = rest.substr(rest.size() - kIdDigits);
  if (!is_hex(id) || rest[rest.size() - kIdDigits - 1] != '-') return std::nullopt;
  return Container{std::string(parts->second), std::string(parts->first),
                   std::string(rest.substr(0, rest.size() - kIdDigits - 1)), std::string(id)};
}

// `<n>.log` and what the kubelet makes of it when it rotates.
bool is_attempt(std::string_view name) {
  const auto dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot).starts_with(".log") &&
         std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(dot),
                     [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view last_part(std::string_view& path) {
  const auto slash = path.rfind('/');
  const std::string_view part = slash == std::string_view::npos ? path : path.substr(slash + 1);
  path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
  return part;
}

}  // namespace

std::optional<Container> container_of(std::string_view path) {
  const std::string_view name = last_part(path);
  if (auto container = of_link(name)) return container;
  if (!is_attempt(name)) return std::nullopt;
  const std::string_view container = last_part(path);
  const auto parts = split(last_part(path));
  if (!parts || !is_name(container)) return std::nullopt;
  return Container{std::string(parts->first), std::string(parts->second), std::string(container),
                   std::string(parts->third)};
}

std::string source_of(const Container& container) {
  return container.namespace_name + "/" + container.pod + "/" + container.container;
}

}  // namespace kcloud::file
