// Index templates, one an event type, one for all unknown types and one for seals: explicit
// mappings, those of events from the catalogue, so that two events of a type never conflict and no
// document makes a mapping. Pure.
//
// Mappings: texts that are tags `keyword`, other texts `text` with `.keyword`, integers `long`,
// reals `double`, booleans `boolean`, times `date_nanos`; the body is kept and not indexed.
// Nothing of that can refuse a document: what is too long for a term (Lucene: 32,766 bytes) is kept
// and not found by it, and a number that does not fit a day's older mapping is kept and ignored.
// Composable templates: Elasticsearch 7.8, OpenSearch 1.0 and later.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.h"
#include "exporters/elasticsearch/config.h"

namespace kcloud::elasticsearch {

// Of the form of documents and mappings: a template of a newer one is left alone.
inline constexpr int kTemplateVersion = 1;

struct IndexTemplate {
  std::string name;      // `<prefix>-<type>`
  std::string checksum;  // 16 hexadecimal digits over all of the body but `_meta`
  std::string body;      // JSON for PUT _index_template/<name>
};

std::vector<IndexTemplate> make_templates(const core::Catalogue& catalogue, const Config& config);
IndexTemplate make_seal_template(const Config& config);

// Which of `wanted` are not there as they are, by the `_meta` of what is there: the answer of
// GET _index_template/<prefix>-*.
struct Differences {
  std::vector<const IndexTemplate*> missing;
  std::vector<const IndexTemplate*> different;
};
Differences compare(const std::vector<IndexTemplate>& wanted, std::string_view answer);

}  // namespace kcloud::elasticsearch
