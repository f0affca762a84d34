// Parts of a snapshot as bytes. What is read goes into empty objects; the reader fails when it is
// damaged. Internal to the engine.
#pragma once

#include "rules/bytes.h"
#include "rules/state.h"

namespace kcloud::rules {

// What an alert says to others: all that is left of it when its rule is gone.
void write_alert(ByteWriter& out, const Alert& alert);
Alert read_alert(ByteReader& in);

// What else the engine knows of an alert.
void write_active(ByteWriter& out, const ActiveAlert& active);
std::unique_ptr<ActiveAlert> read_active(ByteReader& in, Alert alert);

// The groups of a feed and its series; series that the feed has not are passed over.
void write_feed(ByteWriter& out, const Feed& feed);
void read_feed(ByteReader& in, Feed& feed);

}  // namespace kcloud::rules
