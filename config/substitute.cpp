#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/document.h"
#include "config/text_check.h"

namespace kcloud::config {
namespace {

// One byte more than a document may have, so that the parser refuses what is cut here.
constexpr std::size_t kMaxFile = (4 << 20) + 1;

bool is_variable_name(std::string_view name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), fits);
}

struct Looked {
  std::string value;
  std::string error;  // not empty: why there is no value
};

Looked look_up(const std::string& reference, const Environment& environment) {
  if (reference.starts_with("file:")) {
    const std::string path = reference.substr(5);
    auto content = environment.file(path);
    if (!content) return {{}, fmt::format("file '{}' cannot be read", shown(path))};
    if (content->ends_with('\n')) content->pop_back();
    if (content->ends_with('\r')) content->pop_back();
    return {std::move(*content), {}};
  }
  if (!is_variable_name(reference))
    return {{}, "expected ${NAME} or ${file:/path}; write $${ for a literal ${"};
  auto value = environment.variable(reference);
  if (!value) return {{}, fmt::format("environment variable {} is not set", reference)};
  return {std::move(*value), {}};
}

Looked expand(std::string_view text, const Environment& environment) {
  Looked result;
  while (true) {
    const std::size_t at = text.find("${");
    if (at == text.npos) break;
    if (at > 0 && text[at - 1] == '$') {
      result.value.append(text.substr(0, at - 1)).append("${");
      text.remove_prefix(at + 2);
      continue;
    }
    result.value.append(text.substr(0, at));
    const std::size_t end = text.find('}', at);
    if (end == text.npos) return {{}, "`${` without `}`; write $${ for a literal ${"};
    auto looked = look_up(std::string(text.substr(at + 2, end - at - 2)), environment);
    if (!looked.error.empty()) return looked;
    result.value += looked.value;
    text.remove_prefix(end + 1);
  }
  result.value.append(text);
  return result;
}

}  // namespace

void substitute(Node& node, const std::string& path, const std::string& file,
                const Environment& environment, Problems& problems) {
  if (node.kind == Node::Kind::kScalar && node.text.find("${") != std::string::npos) {
    auto expanded = expand(node.text, environment);
    node.broken = !expanded.error.empty();
    if (node.broken) add_problem(problems, file, node.place, path + ": " + expanded.error);
    node.text = std::move(expanded.value);
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const bool map = node.kind == Node::Kind::kMap;
    substitute(node.items[i], map ? child_path(path, node.keys[i].text) : child_path(path, i), file,
               environment, problems);
  }
}

Environment Environment::system() {
  Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  environment.file = [](const std::string& path) -> std::optional<std::string> {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return std::nullopt;
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::string content(kMaxFile, '\0');
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad()) return std::nullopt;
    return content;
  };
  return environment;
}

}  // namespace kcloud::config
