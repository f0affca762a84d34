#include "collectors/file/kubernetes.h"

#include <gtest/gtest.h>

namespace kcloud::file {
namespace {

const std::string kId(64, 'a');

TEST(Kubernetes, ReadsBothForms) {
  const auto link =
      container_of("/var/log/containers/sched-7d9f_kcloud-system_main-loop-" + kId + ".log");
  ASSERT_TRUE(link);
  EXPECT_EQ(*link, (Container{"kcloud-system", "sched-7d9f", "main-loop", kId}));
  EXPECT_EQ(source_of(*link), "kcloud-system/sched-7d9f/main-loop");
  const auto pod = container_of("/var/log/pods/kcloud-system_sched-7d9f_1b2c-3d/main-loop/12.log");
  ASSERT_TRUE(pod);
  EXPECT_EQ(*pod, (Container{"kcloud-system", "sched-7d9f", "main-loop", "1b2c-3d"}));
  EXPECT_EQ(*container_of("/logs/ns_pod_uid/c/0.log.20250115-101500"),
            *container_of("/logs/ns_pod_uid/c/0.log"));
}

TEST(Kubernetes, OtherPathsAreNone) {
  for (const std::string& path :
       {std::string("/var/log/kcloud/scheduler.log"), std::string("0.log"), std::string(""),
        "/var/log/containers/pod_ns_main-" + kId.substr(1) + ".log",
        "/var/log/containers/pod_ns_-" + kId + ".txt", "/var/log/containers/pod_ns_" + kId + ".log",
        "/var/log/containers/pod_a_b_c-" + kId + ".log",
        std::string("/var/log/pods/ns_pod_uid/c/x.log"),
        std::string("/var/log/pods/ns_pod/c/0.log"),
        std::string("/var/log/pods/ns_pod_uid/c/0.txt")})
    EXPECT_FALSE(container_of(path)) << path;
}

}  // namespace
}  // namespace kcloud::file
