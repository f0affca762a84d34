#include "tests/http/fixture.h"

namespace kcloud::http {

struct Case {
  const char* name;
  std::string request;
  int status;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

class Refused : public HttpTest, public ::testing::WithParamInterface<Case> {};

TEST_P(Refused, WithItsStatusAndTheConnectionEnds) {
  serve();
  Client client = this->client();
  client.send(GetParam().request);
  const Answer answer = client.receive();
  EXPECT_EQ(answer.status, GetParam().status);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(client.ended());
}

std::string post(std::string fields, std::string body = "") {
  return "POST /e HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

const Case kCases[] = {
    {"length_and_chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
     400},
    {"chunked_and_length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
     400},
    {"two_lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400},
    {"two_equal_lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400},
    {"two_codings", post("Content-Encoding: gzip\r\ncontent-encoding: br\r\n"), 400},
    {"two_types", post("Content-Type: application/json\r\nContent-Type: text/html\r\n"), 400},
    {"two_tokens", post("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400},
    {"negative_length", post("Content-Length: -1\r\n"), 400},
    {"signed_length", post("Content-Length: +5\r\n", "hello"), 400},
    {"hex_length", post("Content-Length: 0x5\r\n", "hello"), 400},
    {"empty_length", post("Content-Length: \r\n"), 400},
    {"overflowing_length", post("Content-Length: 18446744073709551617\r\n"), 400},
    {"equal_length_list", post("Content-Length: 5, 5\r\n", "hello"), 400},
    {"length_list", post("Content-Length: 5, 6\r\n", "hello"), 400},
    {"chunked_twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 501},
    {"two_transfer_encodings",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"transfer_encoding_gzip", post("Transfer-Encoding: gzip\r\n", "x"), 501},
    {"transfer_encoding_gzip_chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
     501},
    {"transfer_encoding_identity", post("Transfer-Encoding: identity\r\n"), 501},
    {"transfer_encoding_quoted", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 501},
    {"space_before_colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400},
    {"folded_line", post("X: a\r\n b\r\nContent-Length: 0\r\n"), 400},
    {"folded_transfer_encoding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400},
    {"chunked_in_http_1_0", "POST /e HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"bare_line_feeds_inside", post("X: a\nContent-Length: 5\r\n", "hello"), 400},
    {"nul_in_value", post(std::string("X: a\0b\r\n", 8)), 400},
    {"no_host", "GET /e HTTP/1.1\r\n\r\n", 400},
    {"two_hosts", "GET /e HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"bad_chunk_size", post("Transfer-Encoding: chunked\r\n", "zz\r\nhello\r\n0\r\n\r\n"), 400},
    {"huge_chunk_size",
     post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"), 400},
    {"chunk_without_its_end", post("Transfer-Encoding: chunked\r\n", "5\r\nhelloXX0\r\n\r\n"), 400},
    {"length_in_a_trailer",
     post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 5\r\n\r\n"), 400},
    {"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
    {"http_1_2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 400},
    {"no_http_at_all", "\x16\x03\x01 hello\r\n\r\n", 400},
    {"relative_target", "GET e HTTP/1.1\r\nHost: x\r\n\r\n", 400},
    {"space_in_target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
};

INSTANTIATE_TEST_SUITE_P(Http, Refused, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace kcloud::http
