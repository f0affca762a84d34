// A process to be killed: tells N alerts to a webhook, one by one.
// Usage: alerting_agent DIRECTORY URL N
#include <unistd.h>

#include <string>

#include "agent/alerting/dispatcher.h"
#include "agent/alerting/notices.h"

int main(int, char** arguments) {
  using namespace kcloud;
  const core::SystemClock clock;
  journal::Options options;
  options.directory = arguments[1];
  journal::Journal journal(options, clock);
  config::AlertingConfig alerting;
  alerting.group_by = {"..."};
  alerting.group_wait = alerting.group_interval = std::chrono::milliseconds(0);
  config::NotifierConfig hooks;
  hooks.name = "hooks";
  hooks.type = "webhook";
  hooks.url.value = arguments[2];
  hooks.backoff_initial = hooks.backoff_max = std::chrono::milliseconds(10);
  alerting.notifiers = {hooks};
  for (int i = 0; i < std::stoi(arguments[3]); ++i) {
    rules::Transition transition;
    transition.alert.fingerprint = std::to_string(i);
    transition.alert.labels = {{"alertname", std::to_string(i)}};
    transition.alert.state = rules::AlertState::kFiring;
    transition.at = clock.now();
    journal.queue_notifications(alerting::notices_of(transition, alerting, {}, transition.at));
  }
  alerting::Dispatcher dispatcher(journal, clock, {});
  dispatcher.start(alerting);
  for (;;) pause();
}
