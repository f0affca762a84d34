// A place in the words of one expression or filter. What is no grammar throws SyntaxError; what a
// name means goes to the scope's problems, and reading goes on. Internal to rules/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/lexer.h"
#include "rules/scope.h"

namespace kcloud::rules {

class Cursor {
 public:
  Cursor(const config::Text& text, Scope& scope, Budget& budget);

  const Token& peek(std::size_t ahead = 0) const;
  Token take();
  // Takes the word or symbol when it is the next.
  bool accept(std::string_view word);
  // Takes it, or fails with `expected …, found …`.
  void expect(std::string_view word);
  [[noreturn]] void fail_expecting(std::string_view what) const;
  [[noreturn]] void fail(std::size_t at, std::string message) const;

  Place place(std::size_t offset) const { return text_.place(offset); }
  void problem(std::size_t offset, std::string message) {
    scope_.problem(place(offset), std::move(message));
  }
  // From `begin` to behind the last word that was taken, white space outside of quotes joined;
  // cut where it is long.
  std::string written(std::size_t begin) const;

  Scope& scope() { return scope_; }
  Budget& budget() { return budget_; }

  // One level deeper, for its life.
  class Level {
   public:
    explicit Level(const Cursor& cursor);
    ~Level() { --budget_.depth; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Budget& budget_;
  };

 private:
  const config::Text& text_;
  Scope& scope_;
  Budget& budget_;
  std::vector<Token> tokens_;
  std::optional<SyntaxError> broken_;  // why there are no more
  std::size_t next_ = 0;
};

}  // namespace kcloud::rules
