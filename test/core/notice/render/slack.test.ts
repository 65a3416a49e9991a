import { describe, expect, it } from "vitest";
import type { IncidentView } from "../../../../src/core/incident-view.ts";
import type { LastNotice } from "../../../../src/core/notice/last.ts";
import type { Notice } from "../../../../src/core/notice/notice.ts";
import { renderSlack, renderSlackThread } from "../../../../src/core/notice/render/slack.ts";
import { account, command, conflicting, digest, incident, notice, resolved, service, undiagnosed } from "../example.ts";

/** What is shown, a block a line: its kind and its text. */
function shown(message: ReturnType<typeof renderSlack>): string[] {
  return message.blocks.map((block) => {
    if (block.type === "actions") return `actions ${block.elements.map((each) => each.text.text).join(", ")}`;
    const text = block.type === "context" ? block.elements.map((each) => each.text).join(" ") : block.text.text;
    return `${block.type} ${text}`;
  });
}
const main = (one: Notice) => shown(renderSlack(one));
const header = (one: Notice) => main(one)[0];
const facts = (one: Notice) => main(one)[1];

const since = "<!date^1767322800^{date_short_pretty} {time}|2026-01-02 03:00 UTC>";
const last: LastNotice = {
  receiver: "slack",
  transition: "opened",
  at: "2026-01-02T03:00:03.000Z",
  count: 3,
  severity: "warning",
  leadingCause: "pool-too-small",
};

describe("the message about an incident", () => {
  it("says what broke, why, what is in the way and what to type, in this order", () => {
    expect(main(notice())).toEqual([
      "header 🟡 80604 Proxy identifier in use · Proxy",
      `section *Warning* · Proxy · *36 events* since ${since}`,
      "section *Cause, confirmed in 34 of 36 sampled events:* A closed Session was opened again while a pair of it was active in another Session.\n" +
        `• Session ${conflicting} is in-progress and pairs +1********01 with the Proxy number +1********77.`,
      `section *In the way:* <https://proxy.twilio.com/v1/Services/${service}/Sessions/${conflicting}|Session ${conflicting} (in-progress)>`,
      "section *Do this:* Close the other Session, then open this one again. Interrupts: the two people of the other Session.",
      `section \`\`\`\n${command}\n\`\`\``,
      "actions Documentation, Runbook, Incident, Grafana",
      "context *Or:*\n• Add a number to the Service.",
      `context Account ${account} · Service ${service} · incident inc-1`,
    ]);
  });

  it("says the same on one line where only a line is shown", () => {
    expect(renderSlack(notice()).text).toBe(
      "80604 Proxy identifier in use · Proxy (warning, 36 events). Cause, confirmed in 34 of 36 sampled events: " +
        "A closed Session was opened again while a pair of it was active in another Session. " +
        `In the way: Session ${conflicting} (in-progress)`,
    );
  });

  it("has a button for each page there is, and none without", () => {
    const buttons = renderSlack(notice()).blocks.flatMap((block) => (block.type === "actions" ? block.elements : []));
    expect(buttons.map(({ text, url }) => [text.text, url])).toEqual([
      ["Documentation", "https://www.twilio.com/docs/api/errors/80604"],
      ["Runbook", "https://runbooks.example.com/80604?a=1&b=2"],
      ["Incident", "https://faultline.example.com/incidents/inc-1"],
      ["Grafana", "https://grafana.example.com/d/twilio"],
    ]);
    const none = { incident: null, runbook: "javascript:alert(1)", grafana: "https://u:p@example.com/", console: null };
    const bare = notice({ links: none, incident: { ...incident, docsUrl: "" } });
    expect(main(bare).some((line) => line.startsWith("actions"))).toBe(false);
  });

  it("shows the documented causes as possible ones while nothing is known", () => {
    const lines = main(notice({ incident: undiagnosed }));
    expect(lines[2]).toBe(
      "section *Cause not known yet; the documented causes are:*\n" +
        "1. A closed Session was opened again while a pair of it was active in another Session.\n" +
        "2. The Service has too few Proxy numbers.",
    );
    expect(lines[3]).toMatch(/^section \*What may help:\* Close the other Session/);
  });

  it("leaves out of these what is ruled out, and says when all is", () => {
    const with2nd = (verdict: "ruled-out", first: "unknown" | "ruled-out"): IncidentView => ({
      ...undiagnosed,
      causes: undiagnosed.causes.map((cause, index) => ({ ...cause, verdict: index === 0 ? first : verdict })),
    });
    expect(main(notice({ incident: with2nd("ruled-out", "unknown") }))[2]).toBe(
      "section *Cause not confirmed; one documented cause is possible (1 more ruled out):*\n" +
        "1. A closed Session was opened again while a pair of it was active in another Session.",
    );
    expect(main(notice({ incident: with2nd("ruled-out", "ruled-out") }))[2]).toBe(
      "section *Every documented cause is ruled out.*",
    );
    expect(main(notice({ incident: { ...undiagnosed, causes: [] } }))[2]).toMatch(/^section \*What may help/);
  });

  it("says `likely` of what is likely, and nothing of samples when there is one", () => {
    const [cause] = incident.causes;
    if (cause === undefined) throw new Error("no cause");
    const likely = { ...cause, verdict: "likely", confirmed: 0, likely: 1, unknown: 0 } as const;
    expect(main(notice({ incident: { ...incident, causes: [likely] } }))[2]).toMatch(
      /^section \*Cause, likely:\* A closed/,
    );
  });

  it("marks a test", () => {
    const test = notice({ test: true });
    expect(header(test)).toBe("header 🟡 [TEST] 80604 Proxy identifier in use · Proxy");
    expect(renderSlack(test).text).toMatch(/^\[TEST\] 80604/);
    expect(shown(renderSlackThread(test))[0]).toMatch(/^section \*\[TEST\]\* /);
  });
});

describe("a command", () => {
  const commandOf = (text: string) =>
    main(notice({ incident: { ...incident, remedies: [{ id: "r", text: "Do.", command: text }] } }))[5];
  const many = (times: number) =>
    Array.from({ length: times }, (_, each) => `twilio api:close --sid KC${String(each).padStart(32, "0")}`).join(
      " && ",
    );

  it("keeps its line breaks and quotes, and cannot leave its block", () => {
    expect(commandOf("curl -d 'a&b' \\\n  <x> ```\n<!channel>")).toBe(
      "section ```\ncurl -d 'a&amp;b' \\\n  &lt;x&gt; `\u200B`\u200B`\n&lt;!channel&gt;\n```",
    );
  });

  it("for many resources is shown whole as long as it fits, else as whole commands with their number", () => {
    expect(commandOf(many(20))).toContain(many(20).replaceAll("&", "&amp;"));
    const cutOff = commandOf(many(50)) ?? "";
    const [kept = "", left] =
      /^section ```\n(.*)\n# and (\d+) more like these: \/api\/v1\/incidents\/inc-1\n```$/s.exec(cutOff)?.slice(1) ??
      [];
    const shownCommands = kept.replaceAll("&amp;", "&").split(" && ");
    expect(shownCommands.length).toBeGreaterThan(20);
    expect(shownCommands.length + Number(left)).toBe(50);
    expect(many(50).startsWith(shownCommands.join(" && "))).toBe(true);
  });

  it("that cannot be cut between commands is not shown in part", () => {
    const lines = main(
      notice({
        incident: { ...incident, remedies: [{ id: "r", text: "Do.", command: `echo '${"x".repeat(3_000)}'` }] },
      }),
    );
    expect(lines[4]).toBe(
      "section *Do this:* Do.\nIts command is too long for Slack; it is in /api/v1/incidents/inc-1",
    );
    expect(lines.some((line) => line.includes("```"))).toBe(false);
  });

  it("is not shown when the warning before it does not fit", () => {
    const remedy = { id: "r", text: `${"Do it. ".repeat(200)}Interrupts: everybody.`, command };
    const lines = main(notice({ incident: { ...incident, remedies: [remedy] } }));
    expect(lines[4]).toMatch(/… \(cut; the rest is in \/api\/v1\/incidents\/inc-1\)/);
    expect(lines.some((line) => line.includes("```"))).toBe(false);
  });

  it("for curl is shown where there is no other", () => {
    const remedy = { id: "r", text: "Do.", curl: "curl -X POST https://x" };
    expect(main(notice({ incident: { ...incident, remedies: [remedy] } }))[5]).toBe(
      "section ```\ncurl -X POST https://x\n```",
    );
  });
});

describe("what others wrote", () => {
  const titled = (title: string) =>
    main(
      notice({
        incident: { ...incident, causes: incident.causes.map((cause) => ({ ...cause, text: title })), evidence: [] },
      }),
    )[2]?.replace(/^.*:\* /, "");

  it.each([
    ["<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@\u200BU1&gt;"],
    ["@channel @here", "@\u200Bchannel @\u200Bhere"],
    ["*bold* _it_ ~no~ `code`", "\u200B*\u200Bbold* \u200B_\u200Bit_ \u200B~\u200Bno~ \u200B`\u200Bcode\u200B`\u200B"],
    ["snake_case +1****01 2*3", "snake_case +1****01 2*3"],
    ["a\nb\r\n\0c\u202Ed", "a b c d"],
    ["half \ud800 pair", "half \uFFFD pair"],
  ])("%j shows as it is and does nothing", (text, expected) => {
    expect(titled(text)).toBe(expected);
  });

  it("is cut between characters, saying where the rest is", () => {
    const text = titled(`x${"👩".repeat(2_000)}`) ?? "";
    expect(text.isWellFormed()).toBe(true);
    expect(text).toMatch(/^x(?:👩)+ … \(cut; the rest is in \/api\/v1\/incidents\/inc-1\)$/u);
    const escaped = titled("&".repeat(2_000)) ?? "";
    expect(escaped).toMatch(/^(?:&amp;)+ … \(cut/);
  });

  it("of thirty short conflicts shows twenty and the number of the others", () => {
    const conflicts = Array.from(
      { length: 30 },
      (_, each) => ({ sid: `KC${each}`, kind: "session", state: "open", url: "" }) as const,
    );
    const text = main(notice({ incident: { ...incident, conflicts } }))[3] ?? "";
    expect(text).toMatch(
      /^section \*In the way:\* Session KC0 \(open\)\n.*\nSession KC19 \(open\)\nand 10 more: \S+$/s,
    );
  });

  it("of five hundred conflicts shows the first and the number of the others", () => {
    const [conflict] = incident.conflicts;
    if (conflict === undefined) throw new Error("no conflict");
    const text = main(notice({ incident: { ...incident, conflicts: Array(500).fill(conflict) } }))[3] ?? "";
    const shownOnes = text.split("|Session").length - 1;
    expect(shownOnes).toBeGreaterThan(2);
    expect(text).toMatch(new RegExp(`\nand ${500 - shownOnes} more: /api/v1/incidents/inc-1$`));
  });
});

describe("each transition has its own words", () => {
  const cases = [
    [
      notice({ transition: "diagnosed" }),
      "header 🟡 Cause found: 80604 Proxy identifier in use · Proxy",
      null,
      "The cause is known now.",
    ],
    [
      notice({ transition: "cause_changed", previous: last }),
      "header 🟡 Cause changed: 80604 Proxy identifier in use · Proxy",
      "Another cause leads now. Before: The Service has too few Proxy numbers.",
      "Another cause leads now. Before: The Service has too few Proxy numbers.",
    ],
    [
      notice({ transition: "severity_raised", previous: last, incident: { ...incident, severity: "critical" } }),
      "header 🔴 Now critical: 80604 Proxy identifier in use · Proxy",
      "The severity was raised from warning to critical.",
      "The severity was raised from warning to critical.",
    ],
    [
      notice({ transition: "grew", previous: last }),
      "header 🟡 Grew ×12: 80604 Proxy identifier in use · Proxy",
      "It grew from 3 to 36 events.",
      "It grew from 3 to 36 events.",
    ],
    [
      notice({ transition: "grew", incident: { ...incident, count: 12_345 } }),
      "header 🟡 Grew to 12,345 events: 80604 Proxy identifier in use · Proxy",
      "It grew to 12,345 events.",
      "It grew to 12,345 events.",
    ],
    [
      notice({ transition: "repeated", at: "2026-01-02T07:10:00.000Z" }),
      "header 🟡 Still open after 4 h 10 min: 80604 Proxy identifier in use · Proxy",
      null,
      "Still open after 4 h 10 min: 36 events.",
    ],
    [
      notice({ transition: "resolved", incident: resolved }),
      "header ✅ Resolved after 42 min: 80604 Proxy identifier in use · Proxy",
      null,
      "Resolved after 42 min: 36 events in all, and nothing new for its quiet period.",
    ],
    [
      notice({ transition: "reopened" }),
      "header 🟡 Back again: 80604 Proxy identifier in use · Proxy",
      null,
      "It was resolved and is back: 36 events in all.",
    ],
  ] as const;

  it.each(cases)("%#", (one, wantedHeader, change, thread) => {
    expect(header(one)).toBe(wantedHeader);
    if (change !== null) expect(facts(one)?.split("\n")[1]).toBe(change);
    else expect(facts(one)).not.toContain("\n");
    const [first = ""] = shown(renderSlackThread(one));
    expect(first).toContain(` ${thread} <!date^`);
  });

  it("a cause is told in the thread with its evidence, and in no other thread message", () => {
    const second = (transition: "diagnosed" | "grew") => shown(renderSlackThread(notice({ transition })))[1];
    expect(second("diagnosed")).toMatch(
      /^section \*Cause, confirmed in 34 of 36 sampled events:\* A closed .*\n• Session KC/,
    );
    expect(second("grew")).toBe(undefined);
  });

  it("what is over has nothing in the way and nothing to type", () => {
    const lines = main(notice({ transition: "resolved", incident: resolved }));
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["header", "section", "section", "actions", "context"]);
    expect(lines[1]).toBe(
      `section *Warning* · Proxy · *36 events* since ${since} until <!date^1767323045^{date_short_pretty} {time}|2026-01-02 03:04 UTC>`,
    );
  });
});

it("a digest counts by product and code", () => {
  expect(main(digest)).toEqual([
    "header 🌊 200 new incidents in 1 min",
    "section *150* × 80604 Proxy identifier in use · Proxy\n*50* × 11200 HTTP retrieval failure · Voice",
    "actions Incidents",
    `context So many at once are told together. Since ${since}, in 1 min. Each of them: /api/v1/incidents`,
  ]);
  expect(renderSlack(digest).text).toBe("200 new incidents in 1 min, most of them 80604 Proxy identifier in use (150)");
});

it("what is about Faultline itself shows no code", () => {
  expect(header(notice({ incident: { ...incident, code: 0, title: "Slack fails", product: "Faultline" } }))).toBe(
    "header 🟡 Slack fails · Faultline",
  );
});
