#include "core/decode_walk.h"

#include <algorithm>

#include "core/field_value.h"

namespace kcloud::core {

namespace {

using simdjson::dom::element;

// Walks a document once and leaves the best candidate of each slot.
class Walk {
 public:
  Walk(const Plan& plan, std::vector<Candidate>& candidates) : plan_(plan), found_(candidates) {
    found_.assign(plan.slots(), {});
  }

  void object(const PathNode& node, const simdjson::dom::object& object) {
    for (const auto& field : object) {
      if (const auto* child = node.child(field.key)) value(plan_.tree.node(*child), field.value);
    }
  }

 private:
  void value(const PathNode& node, const element& value) {
    if (value.is_null()) return;
    const bool way_through =
        (value.is_object() && node.has_children) || (value.is_array() && node.array != 0);
    for (const auto target : node.targets) {
      const Field* field = plan_.field(target.slot);
      const bool any = field != nullptr && field->type == FieldType::kJson;
      if (way_through && !any) continue;
      if (field != nullptr && field->reduce == Reduce::kMin) {
        reduce(target, *field, value);
      } else {
        take(target, value);
      }
    }
    if (node.has_children && value.is_object()) object(node, value.get_object().value_unsafe());
    if (node.array != 0 && value.is_array()) {
      array(plan_.tree.node(node.array), value.get_array().value_unsafe());
    }
  }

  void array(const PathNode& node, const simdjson::dom::array& array) {
    for (const auto target : node.targets) {
      auto& best = found_[target.slot];
      if (plan_.field(target.slot) == nullptr || target.rank > best.rank) continue;
      best.state = Candidate::State::kCount;
      best.rank = target.rank;
      best.number = static_cast<double>(array.size());
    }
    if (!node.has_children) return;
    for (const element item : array) {
      if (item.is_object()) object(node, item.get_object().value_unsafe());
    }
  }

  void take(PathTarget target, const element& value) {
    auto& best = found_[target.slot];
    if (best.state != Candidate::State::kNone && target.rank >= best.rank) return;
    best = {Candidate::State::kElement, target.rank, 0, value};
  }

  void reduce(PathTarget target, const Field& field, const element& value) {
    auto& best = found_[target.slot];
    if (best.state != Candidate::State::kNone && target.rank > best.rank) return;
    const auto number = number_of(value, field.unit);
    if (!number) {
      best = {Candidate::State::kElement, target.rank, 0, value};
    } else if (best.state != Candidate::State::kMin || target.rank < best.rank) {
      best = {Candidate::State::kMin, target.rank, *number, value};
    } else {
      best.number = std::min(best.number, *number);
    }
  }

  const Plan& plan_;
  std::vector<Candidate>& found_;
};

}  // namespace

void walk(const Plan& plan, const simdjson::dom::object& root, std::vector<Candidate>& found) {
  Walk(plan, found).object(plan.tree.root(), root);
}

}  // namespace kcloud::core
