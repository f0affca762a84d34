#include "agent/api/letter_retry.h"

#include <algorithm>
#include <future>
#include <limits>
#include <map>

#include "core/dead_letter.h"
#include "core/envelope.h"
#include "core/json.h"
#include "core/message_decoder.h"

namespace kcloud::api {

namespace {

using journal::LetterRetry;
using Row = journal::Reader::DeadLetterRow;
using Outcome = LetterRetry::Outcome;

constexpr std::chrono::seconds kSinkPatience{10};
constexpr std::string_view kCollector = "collector:";
constexpr std::string_view kExporter = "exporter:";

core::Dedup dedup_of(const std::string& name) {
  if (name == "content") return core::Dedup::kContent;
  return name == "position" ? core::Dedup::kPosition : core::Dedup::kId;
}

// One collector's way of decoding; the events' texts point into it.
struct Source {
  core::CollectorContext context;
  std::optional<core::MessageDecoder> decoder;
  bool webhook = false;
  std::function<void(core::TransportHints&)> recall = [](core::TransportHints&) {};
};

std::unique_ptr<Source> make_source(std::string name, const Context& context,
                                    const Settings& settings) {
  auto source = std::make_unique<Source>();
  for (const auto& collector : settings.config->collectors) {
    if (collector.name != name) continue;
    source->context.dedup = dedup_of(collector.dedup);
    if (context.recall)
      source->recall = [&](core::TransportHints& hints) { context.recall(collector, hints); };
  }
  source->webhook = name == "webhook";
  source->context.name = std::move(name);
  source->context.agent = context.agent;
  source->context.catalogue = settings.config->catalogue;
  source->context.decode = settings.decode;
  // What is tried is whole already, and its letter keeps the body that it has.
  source->context.dead_letter_body_bytes = std::numeric_limits<std::size_t>::max();
  source->context.clock = &context.clock;
  source->decoder.emplace(source->context);
  return source;
}

bool decode_again(const core::DeadLetter& letter, Source& source, core::Intake& intake) {
  core::TransportHints hints = source.decoder->hints();
  hints.received = letter.received;
  hints.position = letter.position;
  source.recall(hints);
  hints.type = letter.type;
  hints.type_is_default = !source.webhook;
  const bool cloud_event = !core::json_text_at(letter.body, "specversion").empty();
  return cloud_event ? source.decoder->decode_structured(letter.body, hints, intake)
                     : source.decoder->decode(letter.body, hints, intake);
}

void count(const std::vector<LetterRetry>& letters, RetryReport& report) {
  for (const auto& letter : letters) {
    report.retried += letter.outcome != Outcome::kGone;
    report.stored += letter.outcome == Outcome::kStored;
    report.duplicates += letter.outcome == Outcome::kDuplicate;
    report.delivered += letter.outcome == Outcome::kDelivered;
    if (letter.outcome == Outcome::kRefused) {
      report.refused.push_back({letter.id, letter.reason, letter.detail});
    }
  }
}

void retry_intake(const std::vector<const Row*>& rows, const Context& context,
                  const Settings& settings, RetryReport& report) {
  std::map<std::string, std::unique_ptr<Source>> sources;
  std::vector<LetterRetry> letters;
  core::Intake intake;
  for (const Row* row : rows) {
    const core::DeadLetter& letter = row->letter;
    if (letter.reason == "id_conflict") {  // what is stored never changes
      ++report.retried;
      report.refused.push_back({row->id, letter.reason, letter.detail});
      continue;
    }
    const auto unfit = unfit_to_retry(letter, settings.webhook.dead_letter_body_bytes);
    if (!unfit.empty()) {
      report.refused.push_back({row->id, kNotRetriable, unfit});
      continue;
    }
    const std::string name = letter.origin.substr(kCollector.size());
    auto& source = sources[name];
    if (!source) source = make_source(name, context, settings);
    LetterRetry retry;
    retry.id = row->id;
    if (decode_again(letter, *source, intake)) {
      retry.event = intake.batch.events.size() - 1;
    } else {
      retry.outcome = Outcome::kRefused;
      retry.reason = intake.refused.back().reason;
      retry.detail = intake.refused.back().detail;
    }
    letters.push_back(std::move(retry));
  }
  if (letters.empty()) return;
  report.status = context.journal.retry_letters(intake.batch, letters);
  if (report.status == core::CommitStatus::kCommitted) count(letters, report);
}

// One delivery, shared with the exporter's thread, which may outlast the caller's patience.
struct Redelivery {
  std::shared_ptr<core::EventBatch> batch = std::make_shared<core::EventBatch>();
  std::vector<LetterRetry> letters;
  std::vector<core::EventId> ids;  // of the letters
  std::string silence;             // why nothing is certain
  core::CommitStatus status = core::CommitStatus::kCommitted;
  std::promise<void> done;
};

void settle(Redelivery& work, const delivery::SideResult& result, journal::Journal& journal) {
  if (!result.answered) {
    work.silence = result.reason;
    return;
  }
  std::map<core::EventId, std::string> refused;
  for (const auto& [event, reason] : result.refused) refused.emplace(event->id, reason);
  for (std::size_t i = 0; i < work.letters.size(); ++i) {
    const auto found = refused.find(work.ids[i]);
    work.letters[i].outcome = found == refused.end() ? Outcome::kDelivered : Outcome::kRefused;
    if (found == refused.end()) continue;
    work.letters[i].reason = "sink_rejected";
    work.letters[i].detail = found->second;
  }
  core::EventBatch nothing_to_store;
  work.status = journal.retry_letters(nothing_to_store, work.letters);
}

void refuse_all(const Redelivery& work, const std::string& detail, RetryReport& report) {
  for (const auto& letter : work.letters) {
    report.refused.push_back({letter.id, kSinkUnavailable, detail});
  }
}

void deliver_again(const std::vector<const Row*>& rows, const ExporterView& exporter,
                   journal::Journal& journal, journal::Reader& reader, RetryReport& report) {
  const auto work = std::make_shared<Redelivery>();
  for (const Row* row : rows) {
    const auto id = core::parse_event_id(row->letter.event_id);
    const bool known = id && std::find(work->ids.begin(), work->ids.end(), *id) != work->ids.end();
    if (!id || (!known && !reader.find(*id, *work->batch))) {
      report.refused.push_back({row->id, kEventGone, "its event is no longer in the journal"});
      continue;
    }
    work->letters.emplace_back().id = row->id;
    work->ids.push_back(*id);
  }
  if (work->letters.empty()) return;
  auto done = work->done.get_future();
  exporter.deliver_beside(work->batch, [work, &journal](const delivery::SideResult& result) {
    settle(*work, result, journal);
    work->done.set_value();
  });
  if (done.wait_for(kSinkPatience) != std::future_status::ready) {
    return refuse_all(*work, "no answer yet; the letter leaves when the sink takes its event",
                      report);
  }
  if (!work->silence.empty()) return refuse_all(*work, work->silence, report);
  if (work->status != core::CommitStatus::kCommitted) {
    report.status = work->status;
    return;
  }
  count(work->letters, report);
}

}  // namespace

std::string unfit_to_retry(const core::DeadLetter& letter, std::size_t body_limit) {
  if (!letter.origin.starts_with(kCollector))
    return "nothing reads what came from " + letter.origin;
  if (letter.origin == "collector:forward") {
    return "it came from another agent, which keeps it too; try it again there";
  }
  if (letter.body.empty()) return "its body was withheld or is empty";
  if (letter.reason == "too_large") return "its body is no more than its beginning";
  const bool cut = letter.detail.find(core::kBodyCut) != std::string::npos;
  // Letters of earlier versions do not say it.
  if (cut || letter.body.size() == body_limit) {
    return "its body was cut at intake.dead_letter_body_bytes";
  }
  core::EnvelopeReader reader;
  core::Envelope envelope;
  std::vector<core::FieldError> errors;
  // Whoever posted it may not have been allowed to give the id.
  if (reader.read(letter.body, envelope, errors) != core::EnvelopeReader::Found::kOther) {
    return "it is an exported event; import it again";
  }
  return {};
}

RetryReport retry_letters(const std::vector<Row>& rows, const Context& context,
                          const Settings& settings, journal::Reader& reader) {
  RetryReport report;
  std::vector<const Row*> intake;
  std::map<std::string, std::vector<const Row*>> sinks;
  for (const Row& row : rows) {
    const std::string& origin = row.letter.origin;
    if (origin.starts_with(kExporter)) {
      sinks[origin.substr(kExporter.size())].push_back(&row);
    } else {
      intake.push_back(&row);
    }
  }
  retry_intake(intake, context, settings, report);
  const auto exporters = context.exporters();
  for (const auto& sink : sinks) {
    const std::string& name = sink.first;
    const auto exporter = std::find_if(exporters.begin(), exporters.end(),
                                       [&](const auto& one) { return one.name == name; });
    if (exporter != exporters.end() && exporter->deliver_beside) {
      deliver_again(sink.second, *exporter, context.journal, reader, report);
      continue;
    }
    for (const Row* row : sink.second) {
      report.refused.push_back({row->id, kNoExporter, "there is no exporter `" + name + "`"});
    }
  }
  std::sort(report.refused.begin(), report.refused.end(),
            [](const auto& a, const auto& b) { return a.id > b.id; });
  return report;
}

}  // namespace kcloud::api
