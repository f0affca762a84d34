// bench_loadgen: HTTP load, cheap per request. See docs/performance.md and --help.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <random>

#include "bench/loadgen/client.h"

namespace {

using namespace kcloud::bench;

struct Options {
  std::string target = "127.0.0.1:8007";
  std::string path = "/events";
  std::string token;
  std::string keep_ids;
  std::string expect;
  std::vector<std::string> get;
  std::size_t batch = 100;
  std::uint64_t requests = 0;
  double seconds = 5;
  bool json = false;
  bool tls = false;
  Wrapping wrapping;
  LoadOptions load;
};

double ms(std::chrono::nanoseconds value) { return static_cast<double>(value.count()) / 1e6; }

void print(const LoadResult& r, bool json) {
  const auto& l = r.latency;
  const double seconds = r.seconds > 0 ? r.seconds : 1;
  const char* form =
      json ? R"({{"seconds":{:.3f},"requests":{},"events":{},"requests_per_s":{:.0f},)"
             R"("events_per_s":{:.0f},"p50_ms":{:.3f},"p90_ms":{:.3f},"p99_ms":{:.3f},)"
             R"("p999_ms":{:.3f},"max_ms":{:.3f},"refused":{},"busy":{},"broken":{},)"
             R"("unsent":{}}})"
             "\n"
           : "{:.2f} s: {} requests, {} events\n  {:.0f} requests/s, {:.0f} events/s\n"
             "  latency ms: p50 {:.3f}  p90 {:.3f}  p99 {:.3f}  p99.9 {:.3f}  max {:.3f}\n"
             "  refused {}, busy (429, 503) {}, connections broken {}, unsent {}\n";
  fmt::print(fmt::runtime(form), r.seconds, r.requests, r.events,
             static_cast<double>(r.requests) / seconds, static_cast<double>(r.events) / seconds,
             ms(l.quantile(0.5)), ms(l.quantile(0.9)), ms(l.quantile(0.99)), ms(l.quantile(0.999)),
             ms(l.max()), r.refused, r.busy, r.broken, r.unsent);
}

std::vector<std::string> id_paths(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file + ": cannot be read");
  std::vector<std::string> paths;
  for (std::string line; std::getline(in, line);) paths.push_back("/events/id/" + line);
  return paths;
}

// Every id of the file must be there: the oracle of the fault tests.
int expect(const Options& options) {
  std::vector<std::string> paths = id_paths(options.expect);
  const std::size_t wanted = paths.size();
  GetSource source(options.load.target, std::move(paths), false);
  const LoadResult result = Client(options.load, source).run();
  const std::uint64_t unknown = wanted - result.requests - result.refused;
  fmt::print("expected {} ids: {} found, {} missing, {} not asked\n", wanted, result.requests,
             result.refused, unknown);
  return result.requests == wanted ? 0 : 1;
}

int load(Options& options) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> ids(nullptr, std::fclose);
  if (!options.keep_ids.empty()) {
    ids.reset(std::fopen(options.keep_ids.c_str(), "w"));
    if (!ids) throw std::runtime_error(options.keep_ids + ": cannot be written");
    options.load.ids = ids.get();
  }
  std::unique_ptr<Source> source;
  if (options.get.empty() && options.wrapping.any()) {
    if (options.requests == 0) throw std::runtime_error("--gzip and --sign need --requests");
    source =
        std::make_unique<WrappedSource>(options.load.target, options.path, options.batch,
                                        std::random_device{}(), options.requests, options.wrapping);
  } else if (options.get.empty()) {
    source = std::make_unique<PostSource>(options.load.target, options.path, options.batch,
                                          std::random_device{}(), options.requests);
  } else {
    source = std::make_unique<GetSource>(options.load.target, options.get, true);
  }
  const LoadResult result = Client(options.load, *source).run();
  print(result, options.json);
  if (result.requests == 0) {
    std::cerr << "bench_loadgen: no request succeeded; does anything listen at " << options.target
              << "?\n";
    return 1;
  }
  return result.refused == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"HTTP load generator for event ingest"};
  Options options;
  app.add_option("--target", options.target, "HOST:PORT or a URL")->capture_default_str();
  app.add_option("--path", options.path, "where to POST")->capture_default_str();
  app.add_option("--batch", options.batch, "events a request; 1: single objects")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  app.add_option("--connections", options.load.connections, "keep-alive connections")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_option("--seconds", options.seconds, "how long to send")->capture_default_str();
  app.add_option("--requests", options.requests, "most requests; 0: no limit");
  app.add_option("--rate", options.load.rate,
                 "requests/s, open loop, latency from the intended send time; 0: closed loop");
  app.add_option("--token", options.token, "bearer token");
  app.add_option("--get", options.get, "GET these paths in turn instead of posting");
  app.add_option("--keep-ids", options.keep_ids, "write every acknowledged id to this file");
  app.add_option("--expect", options.expect, "check that every id of this file is stored");
  app.add_flag("--retry", options.load.retry,
               "send the same request again after 429, 503 and a lost connection");
  app.add_flag("--tls", options.tls, "speak TLS, as for an https URL; any certificate is taken");
  app.add_flag("--gzip", options.wrapping.gzip, "compress the bodies, all of them ahead");
  app.add_option("--sign", options.wrapping.secret,
                 "sign as Standard Webhooks with this whsec_ secret, all ahead");
  app.add_flag("--json", options.json, "print one JSON object");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  try {
    options.load.target = parse_target(options.target);
    options.load.target.token = options.token;
    options.load.target.tls = options.load.target.tls || options.tls;
    if (!options.expect.empty()) {
      options.load.duration = std::chrono::hours(1);
      return expect(options);
    }
    options.load.duration =
        std::chrono::nanoseconds(static_cast<std::int64_t>(options.seconds * 1e9));
    return load(options);
  } catch (const std::exception& error) {
    std::cerr << "bench_loadgen: " << error.what() << "\n";
    return 2;
  }
}
