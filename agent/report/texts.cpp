#include "agent/report/texts.h"

#include <array>
#include <utility>

namespace kcloud::report {
namespace {

constexpr Texts kEnglish{
    .lang = "en",
    .title = "Audit report",
    .period = "Period",
    .zone = "time zone",
    .filter = "Filter",
    .everything = "none: all events",
    .made = "Made",
    .by = "Asked for by",
    .anonymous = "anonymous",
    .agent = "Agent",
    .event = "Recorded as event",
    .position = "up to position",
    .source = "Source",
    .all_agents = "PostgreSQL, the database of all agents: what was received up to then",
    .integrity = "Integrity",
    .ok = "Intact: what is stored is what was sealed",
    .damaged = "DAMAGED: what is stored is not what was sealed",
    .none = "Not sealed: nothing can be verified",
    .events = "Events",
    .types = "Events by type",
    .actors = "Actors",
    .agents = "Agents",
    .outcomes = "Outcomes",
    .gaps = "Gaps",
    .dead_letters = "Dead letters",
    .duplicates = "Duplicates",
    .conflicts = "Conflicting ids",
    .since_start = "since the agent's start",
    .retention = "Retention",
    .keeps_days = "The journal keeps events for {} days.",
    .short_retention = "That is less than a year.",
    .oldest = "The oldest event kept arrived {}.",
    .removed = "Removed since the agent's start: {} by age, {} by size.",
    .began_later = "The period begins earlier than that: earlier events may be missing here.",
    .of_agents = "Dead letters, duplicates, conflicting ids, retention of the journals",
    .not_known = "Not known here: kept by each agent; ask it.",
    .not_here = "not known here",
    .oldest_day = "The oldest day kept is {}.",
    .no_day_dropped = "No day of the period was dropped.",
    .days_dropped = "Days of the period that were dropped: {}, with {} events ({} to {}; by {}).",
    .per_hour = "Events per hour",
    .per_day = "Events per day",
    .per_days = "Events per {} days",
    .by_type = "Events by type",
    .none_found = "No events.",
    .when = "When",
    .who = "Who",
    .what = "What",
    .where = "Where",
    .why = "Why",
    .outcome = "Outcome",
    .change = "Before → after",
    .cut = "… (shortened; the other formats have all of it)",
    .rows_left_off =
        "This page lists the first {} of {} events. The same report with format=csv, "
        "jsonl or json lists all of them.",
    .gap_note =
        "Times without a heartbeat of the audit chain: the agent did not run or could not "
        "write. In all {}.",
    .gap_note_all =
        "Times without a heartbeat of an agent's audit chain: the agent did not run, could not "
        "write, or what it sealed did not reach the database. In all {}.",
    .gap_from = "From",
    .gap_to = "To",
    .length = "Length",
    .days = " d",
    .more = "and {} more",
    .chain = "Chain",
    .first = "First batch",
    .last = "Last batch",
    .batches = "Events read",
    .verdict = "Verdict",
    .findings = "Findings",
    .checkpoints = "Checkpoints",
    .verified = "{} kept, {} with a good signature, {} forged.",
    .forged = "forged",
    .key_id = "Key",
    .no_key = "No key",
    .unread = "{} not read (before the period, or no longer kept)",
    .unsealed = "{} not sealed yet",
    .verify = "Verify it offline",
    .verify_note =
        "On a copy of the data directory; with checkpoints that were kept elsewhere in "
        "place of these it also tells whether all of it was rewritten.",
    .verify_note_all =
        "Where the database can be reached, with the password in PGPASSWORD or ~/.pgpass; with "
        "checkpoints that were kept elsewhere in place of these it also tells whether all of it "
        "was rewritten.",
    .undelivered = "{} of them are of batches that the database does not have (yet).",
    .sha256 = "SHA-256 of all lines before this one",
};

constexpr Texts kKorean{
    .lang = "ko",
    .title = "감사 보고서",
    .period = "기간",
    .zone = "시간대",
    .filter = "조건",
    .everything = "없음: 모든 이벤트",
    .made = "작성 시각",
    .by = "요청자",
    .anonymous = "익명",
    .agent = "에이전트",
    .event = "기록된 감사 이벤트",
    .position = "저널 위치",
    .source = "출처",
    .all_agents = "PostgreSQL, 모든 에이전트의 데이터베이스: 작성 시각까지 수신한 이벤트",
    .integrity = "무결성",
    .ok = "정상: 저장된 내용이 봉인된 내용과 같습니다",
    .damaged = "훼손: 저장된 내용이 봉인된 내용과 다릅니다",
    .none = "봉인 없음: 검증할 수 없습니다",
    .events = "이벤트",
    .types = "유형별 이벤트",
    .actors = "행위자",
    .agents = "에이전트",
    .outcomes = "결과",
    .gaps = "공백",
    .dead_letters = "거부된 이벤트",
    .duplicates = "중복",
    .conflicts = "ID 충돌",
    .since_start = "에이전트 시작 이후",
    .retention = "보존",
    .keeps_days = "저널은 이벤트를 {}일 동안 보존합니다.",
    .short_retention = "1년보다 짧습니다.",
    .oldest = "보존된 가장 오래된 이벤트의 수신 시각은 {}입니다.",
    .removed = "에이전트 시작 이후 삭제: 기간 만료 {}건, 용량 초과 {}건.",
    .began_later = "보고 기간의 시작이 그보다 이르므로 이전 이벤트가 빠져 있을 수 있습니다.",
    .of_agents = "거부된 이벤트, 중복, ID 충돌, 저널의 보존",
    .not_known =
        "여기서는 알 수 없습니다. 에이전트마다 따로 가지고 있으니 각 에이전트에서 확인하십시오.",
    .not_here = "여기서는 알 수 없음",
    .oldest_day = "보존된 가장 오래된 날은 {}입니다.",
    .no_day_dropped = "기간 중 삭제된 날이 없습니다.",
    .days_dropped = "기간 중 삭제된 날: {}일, 이벤트 {}건 ({} – {}; 삭제한 에이전트 {}).",
    .per_hour = "시간별 이벤트",
    .per_day = "일별 이벤트",
    .per_days = "{}일별 이벤트",
    .by_type = "유형별 이벤트",
    .none_found = "이벤트가 없습니다.",
    .when = "언제",
    .who = "누가",
    .what = "무엇을",
    .where = "어디서",
    .why = "왜",
    .outcome = "결과",
    .change = "변경 전 → 변경 후",
    .cut = "… (줄임; 다른 형식에는 전체가 있습니다)",
    .rows_left_off =
        "이 페이지에는 처음 {}건만 표시됩니다 (전체 {}건). format=csv, jsonl, json "
        "형식의 보고서에는 전체가 있습니다.",
    .gap_note =
        "감사 체인의 하트비트가 없는 시간: 에이전트가 실행되지 않았거나 기록할 수 "
        "없었습니다. 모두 {}.",
    .gap_note_all =
        "에이전트의 감사 체인에 하트비트가 없는 시간: 에이전트가 실행되지 않았거나 기록할 수 "
        "없었거나, 봉인한 내용이 데이터베이스에 도달하지 않았습니다. 모두 {}.",
    .gap_from = "시작",
    .gap_to = "끝",
    .length = "길이",
    .days = "일",
    .more = "외 {}건",
    .chain = "체인",
    .first = "첫 배치",
    .last = "마지막 배치",
    .batches = "확인한 이벤트",
    .verdict = "판정",
    .findings = "발견 사항",
    .checkpoints = "체크포인트",
    .verified = "{}개 보관, 서명 확인 {}개, 위조 {}개.",
    .forged = "위조",
    .key_id = "서명 키",
    .no_key = "키 없음",
    .unread = "{}건 확인하지 않음 (기간 이전이거나 보존되지 않음)",
    .unsealed = "{}건 아직 봉인되지 않음",
    .verify = "오프라인 검증",
    .verify_note =
        "데이터 디렉터리의 사본에서 실행합니다. 다른 곳에 보관한 체크포인트를 쓰면 "
        "전체가 다시 쓰였는지도 알 수 있습니다.",
    .verify_note_all =
        "데이터베이스에 접속할 수 있는 곳에서 실행합니다 (비밀번호는 PGPASSWORD 또는 ~/.pgpass). "
        "다른 곳에 보관한 체크포인트를 쓰면 전체가 다시 쓰였는지도 알 수 있습니다.",
    .undelivered = "그중 {}개는 데이터베이스에 (아직) 없는 배치의 것입니다.",
    .sha256 = "이 줄 앞의 모든 줄의 SHA-256",
};

struct TypeTitle {
  std::string_view type, english, korean;
};
constexpr std::array kTypes{
    TypeTitle{"scheduling_decision", "Scheduling decision", "스케줄링 결정"},
    TypeTitle{"workload_relocation", "Workload relocation", "워크로드 재배치"},
    TypeTitle{"cluster_reconfiguration", "Cluster reconfiguration", "클러스터 재구성"},
    TypeTitle{"inefficiency_detected", "Inefficiency detected", "비효율 감지"},
    TypeTitle{"policy_change", "Policy change", "정책 변경"},
    TypeTitle{"metrics_updated", "Metrics updated", "메트릭 갱신"},
    TypeTitle{"alert", "Alert", "알림"},
    TypeTitle{"alert_transition", "Alert transition", "알림 상태 변화"},
    TypeTitle{"agent_audit", "Agent audit", "에이전트 감사"},
    TypeTitle{"audit_chain_renewed", "Audit chain renewed", "감사 체인 갱신"},
};

}  // namespace

const Texts& texts(Language language) { return language == Language::kKorean ? kKorean : kEnglish; }

std::string_view type_title(std::string_view type, Language language) {
  for (const auto& one : kTypes)
    if (one.type == type) return language == Language::kKorean ? one.korean : one.english;
  return {};
}

}  // namespace kcloud::report
