#include "collectors/file/registry.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "collectors/file/descriptor.h"
#include "core/json.h"

namespace kcloud::file {
namespace {

constexpr std::string_view kOpening = R"({"version":1,"files":[)";
constexpr std::string_view kClosing = "]}";

void append_number(std::string& out, std::string_view key, std::uint64_t number) {
  core::append_key(out, key);
  out += std::to_string(number);
}

void append_text(std::string& out, std::string_view key, std::string_view text) {
  core::append_key(out, key);
  core::append_json_string(out, text);
}

// Paths are bytes, JSON is UTF-8: each other byte, and `%`, as `%XX`.
std::string escaped(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F || c == '%') {
      out += fmt::format("%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ec == std::errc()) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string encode(const Checkpoint& file) {
  std::string out = "{";
  append_text(out, "id", file.id);
  append_text(out, "base", escaped(file.base));
  append_text(out, "path", escaped(file.path));
  append_text(out, "name", escaped(file.name));
  append_number(out, "device", file.key.device);
  append_number(out, "inode", file.key.inode);
  append_number(out, "head_length", file.head.length);
  append_text(out, "head", fmt::format("{:016x}", file.head.sum));
  append_number(out, "offset", file.place.offset);
  append_number(out, "tail_length", file.place.tail_length);
  append_text(out, "tail", fmt::format("{:016x}", file.place.tail));
  append_number(out, "skipping", file.place.skipping ? 1 : 0);
  append_number(out, "size", file.size);
  append_number(out, "modified", static_cast<std::uint64_t>(file.modified));
  append_text(out, "format", to_string(file.format));
  append_number(out, "finished", file.finished ? 1 : 0);
  append_number(out, "attention", static_cast<std::uint64_t>(file.attention));
  append_number(out, "gone", static_cast<std::uint64_t>(file.gone));
  return out + "}";
}

class Fields {
 public:
  explicit Fields(std::string_view json) : json_(json) {}

  std::string text(std::string_view key) { return core::json_text_at(json_, {key}); }
  template <typename T>
  void number(std::string_view key, T& target, int base = 10) {
    const std::string found = text(key);
    const auto result = std::from_chars(found.data(), found.data() + found.size(), target, base);
    good_ = good_ && !found.empty() && result.ec == std::errc() &&
            result.ptr == found.data() + found.size();
  }
  bool flag(std::string_view key) {
    int value = 0;
    number(key, value);
    return value != 0;
  }
  bool good() const { return good_; }

 private:
  std::string_view json_;
  bool good_ = true;
};

std::optional<Checkpoint> decode_entry(std::string_view line) {
  Fields fields(line);
  Checkpoint file;
  file.id = fields.text("id");
  file.base = unescaped(fields.text("base"));
  file.path = unescaped(fields.text("path"));
  file.name = unescaped(fields.text("name"));
  fields.number("device", file.key.device);
  fields.number("inode", file.key.inode);
  fields.number("head_length", file.head.length);
  fields.number("head", file.head.sum, 16);
  fields.number("offset", file.place.offset);
  fields.number("tail_length", file.place.tail_length);
  fields.number("tail", file.place.tail, 16);
  file.place.skipping = fields.flag("skipping");
  fields.number("size", file.size);
  fields.number("modified", file.modified);
  file.format = parse_format(fields.text("format"));
  file.finished = fields.flag("finished");
  fields.number("attention", file.attention);
  fields.number("gone", file.gone);
  const bool whole = fields.good() && !file.id.empty() && !file.base.empty() &&
                     !file.path.empty() && !file.name.empty() &&
                     file.head.length <= Head::kMaxHead &&
                     file.place.tail_length <= Place::kMaxTail;
  return whole ? std::optional(file) : std::nullopt;
}

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw std::runtime_error(fmt::format(
      "{}: {}: {}. Hint: the agent keeps there how far it has read; its user must be able to write "
      "it",
      path, what, std::strerror(errno)));
}

void write_all(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor) != 0) fail(path, "cannot be synced");
}

}  // namespace

std::string encode(const std::vector<Checkpoint>& files) {
  std::string out(kOpening);
  for (std::size_t i = 0; i < files.size(); ++i) {
    out += i == 0 ? "\n" : ",\n";
    out += encode(files[i]);
  }
  out += '\n';
  out += kClosing;
  out += '\n';
  return out;
}

Registry decode(std::string_view text) {
  Registry registry;
  registry.found = true;
  std::size_t number = 0, damaged = 0;
  bool closed = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (++number == 1) {
      if (line == kOpening) continue;
      registry.problem = "line 1: not a registry of version 1";
      return registry;
    }
    if (line == kClosing) {
      closed = true;
      continue;
    }
    if (line.ends_with(',')) line.remove_suffix(1);
    if (auto file = decode_entry(line)) {
      registry.files.push_back(std::move(*file));
    } else if (++damaged == 1) {
      registry.problem = fmt::format("line {}: not a whole entry", number);
    }
  }
  if (registry.problem.empty() && !closed) registry.problem = "its end is missing";
  return registry;
}

Registry load_registry(const std::string& folder) {
  const std::string path = folder + "/registry.json";
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return {};
    fail(path, "cannot be read");
  }
  std::ostringstream text;
  text << file.rdbuf();
  Registry registry = decode(text.str());
  struct ::stat stat {};
  if (::stat(path.c_str(), &stat) == 0) registry.saved = state_of(stat).modified;
  if (registry.problem.empty()) return registry;
  registry.problem = path + ": " + registry.problem;
  std::error_code ignored;
  std::filesystem::copy_file(path, path + ".damaged",
                             std::filesystem::copy_options::overwrite_existing, ignored);
  return registry;
}

void save_registry(const std::string& folder, const std::vector<Checkpoint>& files) {
  const std::string path = folder + "/registry.json", fresh = path + ".new";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  {
    const Descriptor file(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file) fail(fresh, "cannot be made");
    write_all(file.get(), encode(files), fresh);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) fail(path, "cannot be replaced");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) fail(folder, "cannot be synced");
}

}  // namespace kcloud::file
