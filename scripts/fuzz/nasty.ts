/*
 * What breaks programs: pieces that mutations put in.
 */

/** Keys that mean something to JavaScript, to the redactor or to us. */
export const nastyKeys: readonly string[] = [
  ..."__proto__ constructor prototype toString hasOwnProperty valueOf length then toJSON".split(" "),
  ..."Body To From token Authorization Cookie name key value url message parameters headers FromCity".split(" "),
  ..."error_code payload data type sid account_sid more_info Msg request_variables webhook".split(" "),
  "",
  "\0",
  "\ud800",
  "a.b[c]",
  "$where",
  "x".repeat(300),
  "+1555",
];

/** JSON texts of values, some of which JSON.stringify would never write. */
export const nastyValues: readonly string[] = [
  ..."null true false 0 -0 1e400 -1e400 1e-400 9007199254740993 123456789012345678901234567890 0.1e1 80604 [] {}".split(
    " ",
  ),
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"{\\"a\\":1"',
  '"[[[[[[[["',
  '"%"',
  '"%00%ff%u0041%25%32%35"',
  '"a=b&c=%"',
  '"https://u:p@h.example/?a=b#c"',
  '"NO"',
  '"999999999999999999999"',
  '"2026-02-30T25:61:61Z"',
  '"-1"',
  '"\\u202e\\u2066\\u200f"',
  '"$(id); \' OR 1=1 -- `id` \\\\ \\" \\n\\r\\t\\u001b[31m"',
  `"${"a".repeat(3_000)}"`,
  `"${"+1 ".repeat(500)}"`,
  `"${'\\"'.repeat(500)}"`,
  `"${"%25".repeat(500)}41"`,
  `"${"a@".repeat(500)}"`,
  `"${"=&".repeat(500)}"`,
];

/** Bytes that mean something to a decoder. */
export const nastyBytes: readonly Buffer[] = [
  ...'{ } [ ] " \' , : = & % + ; # ? / // \\ \\\\ \\" - -- --- ... | > < * ! @ ` ~ null {} [] [[ {{ %00 %ff %C0%80 %u0041 %% %2 %25 %2525 +1 :// &amp; <<: *a &a !!js/function ? '.split(
    " ",
  ),
  ..."\0 \ud83d \u2028 \ufeff \r\n \n \t \x1b \u202e".split(" "),
  ..."error_code=80604& AccountSid= Payload= Payload=%7B %22Body%22%3A%22 (a+)+$ .* [^ (?= {1,999}".split(" "),
  "[".repeat(70),
  '{"a":'.repeat(70),
  '"\\"'.repeat(60),
  "a=b&".repeat(300),
  "9".repeat(400),
  "1e999999999",
]
  .map((text) => Buffer.from(text))
  .concat([Buffer.from([0xff, 0xfe]), Buffer.from([0xc0, 0x80]), Buffer.from([0xed, 0xa0, 0x80])]);
