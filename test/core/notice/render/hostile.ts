import fc from "fast-check";
import { verdicts } from "../../../../src/core/diagnosis/verdict.ts";
import type { IncidentView } from "../../../../src/core/incident-view.ts";
import type { LastNotice } from "../../../../src/core/notice/last.ts";
import type { DigestNotice, IncidentNotice, Notice, NoticeLinks } from "../../../../src/core/notice/notice.ts";
import { severities } from "../../../../src/core/rules/rule.ts";

/** What a friendly name may hold when its owner means no good, or writes another script. */
const pieces = fc.constantFrom(
  ..."<!channel> <!here> @channel @here @everyone <@U123> <#C1|x> <https://evil.example|click> & &amp; &lt; < > | ``` ` * _ ~ *b* :fire:".split(
    " ",
  ),
  ..."א\u202Eevil \u2066 \u200F مرحبا 👩‍👩‍👧‍👦 🇩🇪 e\u0301 \ud800 \udc00 \0 \x1b[31m \r\n \n \t \" ' \\ $(rm) && KCx".split(
    " ",
  ),
  " ",
  "…",
  "a".repeat(4_000),
  "&".repeat(3_000),
  "👩".repeat(3_000),
  "`".repeat(3_000),
  "@".repeat(3_000),
  "<".repeat(151),
  " ".repeat(5_000),
);
const text = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc.array(fc.oneof(pieces, fc.string({ unit: "binary", maxLength: 20 })), { maxLength: 10 }),
    },
    { weight: 1, arbitrary: fc.array(fc.lorem({ maxCount: 60 }), { maxLength: 20 }) },
  )
  .map((all) => all.join(""));
const time = fc
  .date({ min: new Date("2020-01-01"), max: new Date("2040-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  text,
  text.map((tail) => `https://example.com/${tail}`),
  fc.constantFrom(
    "javascript:alert(1)",
    "https://user:pass@example.com/",
    "https://x|y>z.example",
    `https://example.com/${"x".repeat(4_000)}`,
    "",
  ),
);
const list = <T>(item: fc.Arbitrary<T>, maxLength = 12) =>
  fc.oneof(
    fc.array(item, { maxLength: 3 }),
    fc.array(item, { maxLength }),
    item.map((one) => Array<T>(500).fill(one)),
  );
const count = fc.oneof(fc.nat(3), fc.maxSafeNat());

const command = fc.oneof(
  text,
  fc
    .integer({ min: 1, max: 60 })
    .map((times) =>
      Array.from({ length: times }, (_, each) => `twilio sessions:update --sid KC${each}${"c".repeat(32)}`).join(
        " && ",
      ),
    ),
);

export const hostileIncident: fc.Arbitrary<IncidentView> = fc.record({
  id: text,
  fingerprint: text,
  state: fc.constantFrom("open", "resolved"),
  severity: fc.constantFrom(...severities),
  code: fc.integer({ min: 0, max: 999_999 }),
  title: text,
  product: text,
  account: text,
  service: fc.option(text),
  count,
  firstSeen: time,
  lastSeen: time,
  resolvedAt: fc.option(time),
  docsUrl: url,
  ruleId: fc.option(text),
  matched: fc.array(text, { maxLength: 3 }),
  causes: list(
    fc.record({
      id: text,
      text,
      verdict: fc.constantFrom(...verdicts),
      confirmed: count,
      likely: count,
      ruledOut: count,
      unknown: count,
    }),
  ),
  conflicts: list(fc.record({ sid: text, kind: fc.constantFrom("session", "conversation"), state: text, url })),
  evidence: list(fc.record({ text, source: text, observedAt: time })),
  remedies: list(fc.record({ id: text, text, command, curl: command }, { requiredKeys: ["id", "text"] })),
  notices: fc.constant([]),
});

const links: fc.Arbitrary<NoticeLinks> = fc.record({
  incident: fc.option(url),
  runbook: fc.option(url),
  grafana: fc.option(url),
  console: fc.option(url),
});

const previous: fc.Arbitrary<LastNotice> = fc.record({
  receiver: text,
  transition: fc.constantFrom("opened", "diagnosed", "digest"),
  at: time,
  count,
  severity: fc.constantFrom(...severities),
  leadingCause: fc.option(text),
});

const incidentNotice: fc.Arbitrary<IncidentNotice> = fc.record(
  {
    kind: fc.constant("incident"),
    id: text,
    transition: fc.constantFrom(
      "opened",
      "diagnosed",
      "cause_changed",
      "severity_raised",
      "grew",
      "repeated",
      "resolved",
      "reopened",
    ),
    reason: fc.constantFrom("first", "grew", "repeat_interval"),
    incident: hostileIncident,
    links,
    at: time,
    test: fc.boolean(),
    previous: fc.option(previous),
  },
  { requiredKeys: ["kind", "id", "transition", "reason", "incident", "links", "at", "test"] },
);

const digestNotice: fc.Arbitrary<DigestNotice> = fc.record({
  kind: fc.constant("digest"),
  id: text,
  total: count,
  groups: list(
    fc.record({
      product: text,
      code: fc.integer({ min: 0, max: 999_999 }),
      title: text,
      count: fc.integer({ min: 1 }),
    }),
  ),
  since: time,
  at: time,
  links,
});

/** Any notice at all. */
export const hostileNotice: fc.Arbitrary<Notice> = fc.oneof(
  { weight: 5, arbitrary: incidentNotice },
  { weight: 1, arbitrary: digestNotice },
);
