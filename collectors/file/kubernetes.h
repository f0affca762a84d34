// Whose log a file is, by the paths that the kubelet gives containers' logs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kcloud::file {

struct Container {
  std::string namespace_name, pod, container;
  std::string id;  // the container's id, or the pod's uid where the path has that instead

  bool operator==(const Container&) const = default;
};

// `/var/log/containers/<pod>_<namespace>_<container>-<id>.log` or
// `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<n>.log`, in whatever folder they lie, and the
// rotated forms of the latter; nullopt for any other path.
std::optional<Container> container_of(std::string_view path);

// `<namespace>/<pod>/<container>`: what the events of such a file have as their source.
std::string source_of(const Container& container);

}  // namespace kcloud::file
