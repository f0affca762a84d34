// CloudEvents over HTTP: what the request's mode and `ce-*` header fields mean for its events
// (CloudEvents HTTP protocol binding 1.0.2). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collectors/webhook/content.h"
#include "core/catalogue.h"
#include "core/cloudevents.h"
#include "core/decode.h"

namespace kcloud::webhook {

// The `ce-*` header fields of one request, decoded. Costs nothing while there are none.
class CloudHeaders {
 public:
  // Takes a header field when its name begins with `ce-` (in any case).
  void add(std::string_view name, std::string_view value) {
    if (name.size() > 3 && name[2] == '-' && (name[0] | 0x20) == 'c' && (name[1] | 0x20) == 'e') {
      take(name.substr(3), value);
    }
  }
  bool empty() const { return fields_.empty(); }
  core::CloudAttributes attributes() const;  // of the first field of each name
  // The name of a core attribute that is there twice; empty: none.
  std::string_view repeated() const;

 private:
  struct Field {
    std::string name;  // lower case, without `ce-`
    std::string value;
  };
  void take(std::string_view name, std::string_view value);

  std::vector<Field> fields_;
};

// A header field's value as the binding has it: unquoted, then percent-decoded once; what is no
// percent-encoding stays as it is.
std::string decode_header(std::string_view value);

// Why a body's shape does not fit the mode; nothing when it does.
std::optional<Problem> check_shape(Mode mode, const core::Split& split);
// Why a request in binary mode is refused as a whole.
std::optional<Problem> check_binary(const Content& content, const CloudHeaders& headers);

// What the requests of one thread share: parsers' memory, and the catalogue that types are found
// in.
class CloudEvents {
 public:
  // One element of a body as the decoder takes it: `json` becomes the event's data, `hints` gets
  // type, key, time, source and workload. A type that `hints` has already (the path's) stays when
  // the event's own is unknown to the catalogue; another known one is an error. Views are valid
  // until the next call. False and an error or more (`errors` comes empty) when it is no
  // CloudEvent.
  bool unwrap(Mode mode, const CloudHeaders& headers, const core::Catalogue& catalogue,
              std::size_t max_bytes, std::string_view& json, core::TransportHints& hints,
              std::vector<core::FieldError>& errors);

 private:
  core::CloudEventReader reader_;
};

}  // namespace kcloud::webhook
