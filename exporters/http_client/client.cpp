#include "exporters/http_client/client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace kcloud::http_client {
namespace {

// libcurl counts these calls itself; they are thread-safe since 7.84.
struct LibraryUse {
  LibraryUse() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
      throw std::runtime_error("libcurl cannot be initialised");
  }
  ~LibraryUse() { curl_global_cleanup(); }
  LibraryUse(const LibraryUse&) = delete;
  LibraryUse& operator=(const LibraryUse&) = delete;
};

struct EasyClose {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, EasyClose>;
using HeaderList = std::unique_ptr<curl_slist, ListFree>;

HeaderList make_headers(const std::vector<Header>& headers) {
  HeaderList list;
  const auto append = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
  };
  append("Expect:");  // no extra round trip for large bodies
  for (const auto& header : headers) append(header.name + ": " + header.value);
  return list;
}

// What the callbacks of one transfer need.
struct Transfer {
  CURL* handle;
  Response* response;
  std::size_t max_bytes;
  const std::function<bool(std::string_view)>* on_data = nullptr;
  std::stop_token stop{};
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view piece(data, size * count);
  long status = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  if (transfer.on_data != nullptr && status >= 200 && status < 300)
    return (*transfer.on_data)(piece) ? piece.size() : 0;
  auto& body = transfer.response->body;
  const std::size_t room = transfer.max_bytes - body.size();
  body.append(piece.substr(0, room));
  return piece.size() <= room ? piece.size() : 0;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

// scheme://host:port of a URL: what an error may show.
std::string origin_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto start = scheme == std::string::npos ? 0 : scheme + 3;
  const auto end = url.find_first_of("/?#", start);
  std::string authority = url.substr(start, end == std::string::npos ? end : end - start);
  if (const auto at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
  return url.substr(0, start) + authority;
}

// Which of the two does not fit, libcurl tells by its code, the server by an alert that comes where
// an answer was expected.
bool is_untrusted(CURLcode code, const std::string& error) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_ISSUER_ERROR ||
         error.find("alert certificate required") != std::string::npos ||
         error.find("alert unknown ca") != std::string::npos ||
         error.find("alert bad certificate") != std::string::npos ||
         error.find("alert handshake failure") != std::string::npos;
}

}  // namespace

struct Client::Impl {
  Options options;
  LibraryUse library;
  EasyHandle handle;
  std::array<char, CURL_ERROR_SIZE> error{};

  explicit Impl(Options given) : options(std::move(given)), handle(curl_easy_init()) {
    if (!handle) throw std::runtime_error("libcurl gives no handle");
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle.get(), option, value);
  }

  void prepare(const Request& request, const HeaderList& headers) {
    curl_easy_reset(handle.get());  // keeps the connection
    error[0] = '\0';
    set(CURLOPT_ERRORBUFFER, error.data());
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_USERAGENT, options.user_agent.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
    if (!options.certificate_file.empty()) {
      set(CURLOPT_SSLCERT, options.certificate_file.c_str());
      set(CURLOPT_SSLKEY, options.key_file.c_str());
    }
    set(CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
    set(CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
    if (!request.username.empty()) {
      set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      set(CURLOPT_USERNAME, request.username.c_str());
      set(CURLOPT_PASSWORD, request.password.c_str());
    }
  }

  // The transfer's stop token ends it.
  void watch(Transfer& transfer) {
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, &transfer);
  }

  Response perform(const Request& request, Transfer& transfer, Response& response) {
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, &transfer);
    const CURLcode code = curl_easy_perform(handle.get());
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    curl_off_t wait = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RETRY_AFTER, &wait);
    if (wait > 0) response.retry_after = std::chrono::seconds(wait);
    if (code == CURLE_OK) return std::move(response);
    const bool ended = code == CURLE_ABORTED_BY_CALLBACK && transfer.on_data != nullptr;
    if (code == CURLE_WRITE_ERROR || ended) {
      response.truncated = code == CURLE_WRITE_ERROR && transfer.on_data == nullptr;
      return std::move(response);
    }
    response.truncated = true;
    response.error = fmt::format("{}: {}", origin_of(request.url),
                                 error[0] != '\0' ? error.data() : curl_easy_strerror(code));
    response.untrusted = is_untrusted(code, response.error);
    // A status whose body never came whole says nothing certain.
    response.status = 0;
    return std::move(response);
  }

  // `method`: nullptr: POST with a body, GET without.
  Response ask(const Request& request, const char* method, std::stop_token stop, bool body) {
    const auto headers = make_headers(request.headers);
    Response response;
    Transfer transfer{handle.get(), &response, options.max_response_bytes, nullptr,
                      std::move(stop)};
    prepare(request, headers);
    watch(transfer);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
    if (body) {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDS, request.body.data());
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    if (method != nullptr) set(CURLOPT_CUSTOMREQUEST, method);
    return perform(request, transfer, response);
  }
};

Client::Client(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Response Client::get(const Request& request, std::stop_token stop) {
  return impl_->ask(request, nullptr, std::move(stop), false);
}

Response Client::remove(const Request& request) { return impl_->ask(request, "DELETE", {}, false); }

Response Client::post(const Request& request, std::stop_token stop) {
  return impl_->ask(request, nullptr, std::move(stop), true);
}

Response Client::put(const Request& request, std::stop_token stop) {
  return impl_->ask(request, "PUT", std::move(stop), true);
}

Response Client::stream(const Request& request,
                        const std::function<bool(std::string_view)>& on_data,
                        std::stop_token stop) {
  const auto headers = make_headers(request.headers);
  Response response;
  Transfer transfer{impl_->handle.get(), &response, impl_->options.max_response_bytes, &on_data,
                    std::move(stop)};
  impl_->prepare(request, headers);
  impl_->set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  impl_->set(CURLOPT_LOW_SPEED_TIME,
             std::max(1L, static_cast<long>(impl_->options.timeout.count() / 1000)));
  impl_->watch(transfer);
  return impl_->perform(request, transfer, response);
}

std::string Client::header(const std::string& name) const {
  curl_header* found = nullptr;
  const auto code =
      curl_easy_header(impl_->handle.get(), name.c_str(), 0, CURLH_HEADER, -1, &found);
  return code == CURLHE_OK ? std::string(found->value) : std::string();
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos)
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace kcloud::http_client
