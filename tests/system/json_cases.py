"""Hostile JSON by category, as bytes: (name, text). `VALID` must be accepted, `INVALID` must be
refused, `EITHER` is left to the implementation by RFC 8259; nothing may end the agent."""

import itertools


def flat(category, texts):
    return [(f"{category} {n}", t if isinstance(t, bytes) else t.encode())
            for n, t in enumerate(texts)]


GOOD_NUMBERS = ["0", "-0", "1", "-1", "123", "0.5", "-0.1", "1.5e3", "1E22", "1e+2", "1e-2", "0e1",
                "0e+1", "0E-1", "20e1", "123e65", "123.456e-78", "0.1e1", "9007199254740993",
                "9223372036854775807", "-9223372036854775808", "18446744073709551615",
                "2.2250738585072014e-308", "1.7976931348623157e308", "0." + "0" * 300 + "1",
                "3.141592653589793238462643383279", "-0.0"]
BAD_NUMBERS = ["+1", "-", "+", ".5", "-.5", "5.", "-5.", "1.e1", "01", "-01", "00", "1e", "1e+",
               "1e-", "1.5e", "0x1", "0xFF", "0b1", "0o7", "1_000", "1,5", "1 000", "--1", "1-",
               "1..2", "1.2.3", "1e2e3", "1e1.5", "Infinity", "-Infinity", "NaN", "-NaN", "Inf",
               "１", "1eE2", "- 1", "1a", "0e", "0E+", "-foo", "0.e1", "2.e-3", "1+2", "∞"]
EITHER_NUMBERS = ["1e400", "-1e400", "1e-400", "123123e100000", "-123123e100000", "1" + "0" * 400,
                  "18446744073709551616", "-9223372036854775809", "1" * 1000, "0." + "1" * 2000,
                  "0e" + "9" * 40, "1e-" + "9" * 40, "0.4e00669999999999999999969999999006"]

GOOD_STRINGS = ['""', '" "', '"a"', '"한국어"', '"최적 전력 효율성"', '"\\u0041"', '"\\uAC00"',
                '"\\uac00\\uAC01"', '"\\ud834\\udd1e"', '"\\uD83D\\uDE00"', '"😀"', '"é"',
                '"e\\u0301"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"/"', '"\x7f"', '"\u2028\u2029"',
                '"\\u2028"', '"\ufeff"', '"\\ufeff"', '"\uffff"', '"\\uFFFE"', '"\\uFDD0"',
                '"\U0010ffff"', '"\\uDBFF\\uDFFF"', '"\\u0001"', '"\\u001f"', '"\\u007F"',
                '"\\\\u0000"', '"' + "a" * 20000 + '"', '"' + "가" * 5000 + '"', '"[]{}:,"',
                '"\\\\\\""', '"\u202etest\u202c"', '"\u200b\u200d"', '"' + "\u0301" * 300 + '"']
BAD_STRINGS = ['"', '"a', 'a"', "'a'", '"\\"', '"\\x41"', '"\\a"', '"\\U0041"', '"\\u"', '"\\u1"',
               '"\\u12"', '"\\u123"', '"\\uZZZZ"', '"\\u00 1"', '"\\ "', '"\\\t"', '"\\\n"',
               '"\t"', '"\n"', '"\r"', '"\x01"', '"\x1f"', b'"\x00"', '"\\0"', '"\\\'"', "\\u0041",
               "“a”", '"a"b', '"\\ud800\\"', '"\\\\\\"', "`a`", '"\\u+041"', '"\\u-041"',
               '"\\{"', '"\\😀"']
BAD_UTF8 = [b'"\xff"', b'"\xfe"', b'"\x80"', b'"\xc0\xaf"', b'"\xc1\xbf"', b'"\xe0\x80\xaf"',
            b'"\xf0\x80\x80\xaf"', b'"\xed\xa0\x80"', b'"\xed\xbf\xbf"', b'"\xf4\x90\x80\x80"',
            b'"\xf8\x88\x80\x80\x80"', b'"\xe2\x82"', b'"\xc3"', b'"\xc3("', b'"\xe2\x28\xa1"',
            b'"\xf0\x9f\x98"', b'"\xea\xb0"', b'"a\xe5"', b'"\xed\xa0\xbd\xed\xb8\x80"']
EITHER_STRINGS = ['"\\ud800"', '"\\udc00"', '"\\ud800\\ud800"', '"\\udc00\\ud800"', '"\\ud800a"',
                  '"\\ud800\\n"', '"\\ud800\\u0041"', '"\\uDADA"', '"\\u0000"', '"a\\u0000b"',
                  '"\\\\\\u0000"', *BAD_UTF8]

GOOD_STRUCTURES = ["[]", "{}", "[[]]", "[{}]", "[null]", "null", "true", "false", "[1,2]",
                   "[ 1 , 2 ]", "[1\n]", " [] ", "\t\r\n []", '{"":0}', '{"a":1,"b":2}',
                   '{"a":1,"a":1}', '{"a":1,"a":2}', '{"a":{"a":{"a":{}}}}', '{"\\u0061":1}',
                   '{"한":"글"}', '[[],[[]],{}]', '[null,true,false,0,"",{},[]]',
                   "[" + ",".join("0" * 5000) + "]", "[" * 200 + "]" * 200,
                   '{"a":' * 200 + "1" + "}" * 200,
                   "{" + ",".join(f'"k{n}":{n}' for n in range(2000)) + "}"]
BAD_STRUCTURES = ["", "[", "{", "]", "}", "[1", "[1,", "[1,]", "[,1]", "[,]", "[,", "[1,,2]",
                  "[1 2]", "[1:2]", "[1}", "{1]", "[1]]", "[]]", "{}}", '{"a"', '{"a":', '{"a":1',
                  '{"a":1,', '{"a":1,}', '{"a",1}', '{"a" 1}', '{"a"::1}', '{a:1}', "{1:1}",
                  "{'a':1}", "{null:1}", "{[]:1}", '{"a":1 "b":2}', '{"a":1,,"b":2}', "{,}",
                  '{"a":}', "{:1}", "nul", "tru", "fals", "True", "FALSE", "Null", "nan", "none",
                  "undefined", "[nul]", "[True]", "[1]x", "[]a", "// c\n1", "/* c */ 1", "1 // c",
                  "[1,/* c */2]", "# c\n1", "[\x0c]", "[\x0b1]", "\u00a0[]", "[\u20601]", "[\u30001]",
                  "*", "<x/>", "!!bool y", "[1;2]", "{\"a\":1;}", "(1)", "@", "\\", ",", ":", b"\x00",
                  b"[\x00]", b"[1\x00]", b"\xff", b"[\xe5]", b"\xff\xfe[\x00]\x00", "[\"a\",\n4\n,1,",
                  "[1\n,1\n,1", "[\"\": 1]", '["a"', '["', "[{", '[{"', "[-", "[1,\n", "{\"\\",
                  "[" * 500, '{"a":[' * 300, "[[[1]]"]
EITHER_STRUCTURES = ["[" * 1500 + "]" * 1500, '{"a":' * 1500 + "1" + "}" * 1500,
                     "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000,
                     '[{"":' * 50_000 + "0" + "}]" * 50_000]
BROKEN_DEPTHS = ["[" * 100_000, '{"a":' * 100_000, '[{"":' * 50_000, "]" * 100_000,
                 "[" * 100_000 + "}" * 100_000]

NAUGHTY = ["undefined", "null", "NIL", "true", "-1", "1/0", "0x0", "' OR 1=1 --", "DROP TABLE x;",
           "<script>alert(1)</script>", "${jndi:ldap://x}", "{{7*7}}", "$(touch x)", "`id`", "%s%n",
           "../../etc/passwd", "\u202a\u202etest", "Z\u0351\u032e\u0321a\u0335l\u0355g\u0347o", "ﷺ",
           "👩‍👩‍👧‍👦", "🇰🇷🇺🇸", "Ω≈ç√∫˜µ≤≥÷", "田中さんにあげて", "찦차를 타고 온 펲시맨", "هُنَاكَ",
           "\ufeff", "\u180e", "\u0085", "CON", "lpt1", "a,b=c d", "a\\ b", "=1+1", "@SUM(1)",
           "line\nbreak", "tab\ttab", "quote\"quote", "back\\slash", "\x7f", "\u0080\u009f", " ", "  ",
           "\u2007", "ß", "ı", "İ", "ǆ", "́", "A" * 70_000]


def quoted(text):
    """A JSON string of `text`, with nothing escaped that need not be."""
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(short.get(c, c) for c in text) + '"'


VALID = [*flat("number", GOOD_NUMBERS), *flat("string", GOOD_STRINGS),
         *flat("structure", GOOD_STRUCTURES), *flat("naughty", map(quoted, NAUGHTY)),
         *flat("escaped", ["\"" + "".join(f"\\u{ord(c):04x}" for c in text if ord(c) < 0x10000)
                           + "\"" for text in NAUGHTY[:40]])]
INVALID = [*flat("bad number", BAD_NUMBERS), *flat("bad string", BAD_STRINGS),
           *flat("bad structure", BAD_STRUCTURES), *flat("bad depth", BROKEN_DEPTHS)]
EITHER = [*flat("either number", EITHER_NUMBERS), *flat("either string", EITHER_STRINGS),
          *flat("either structure", EITHER_STRUCTURES)]

# Whole bodies in other encodings, with and without byte order marks.
ENCODINGS = [(f"{codec} {'with' if mark else 'without'} mark",
              (("\ufeff" if mark else "") + '{"event_type":"x","a":"한"}').encode(codec))
             for codec, mark in itertools.product(
                 ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "euc-kr", "cp949"),
                 (False, True)) if not (mark and codec in ("euc-kr", "cp949"))]


def minified(text):
    """The bytes without the white space outside strings."""
    out, inside, escaped = bytearray(), False, False
    for byte in text:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte in b" \t\r\n":
            continue
        elif byte == 0x22:
            inside = True
        out.append(byte)
    return bytes(out)
