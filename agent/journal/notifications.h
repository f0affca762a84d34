// Notifications in the database: reading, and what salvage takes over. Writing is Store's
// (store_notifications.cpp).
#pragma once

#include <vector>

#include "agent/journal/notification.h"
#include "agent/journal/sqlite.h"

namespace kcloud::journal {

class Store;

// Newest first.
std::vector<Notification> notifications(Database& db, const NotificationQuery& query);
NotificationQueue notification_queue(Database& db, const std::string& notifier);
// With a greater id, in order.
std::vector<Notice> notices(Database& db, const std::string& notifier, std::uint64_t after,
                            std::size_t limit);
std::vector<Announced> announced(Database& db, const std::string& notifier);

// Throws SqliteError where the damaged file ends.
void carry_over_notifications(Store& store, Database& from);

}  // namespace kcloud::journal
