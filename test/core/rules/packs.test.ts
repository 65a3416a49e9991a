import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../../src/core/catalogue.ts";
import { codesWithRules, compileRules, ruleOfCode } from "../../../src/core/rules/match.ts";
import { builtInPackNames } from "../../../src/core/rules/packs.ts";
import { checkRulePacks } from "../../../src/core/rules/parse.ts";
import { loadBuiltInRules, readBuiltInPacks } from "../../../src/rule-packs.ts";

const catalogue = loadCatalogue();
const builtIn = loadBuiltInRules();
const rules = compileRules([], builtIn, catalogue);

/** Codes newer than the catalogue: sink failures of Event Streams. */
const newerThanTheCatalogue = [91300, 91301, 91302, 91303, 91304, 91305, 91306, 91307, 91308];

const families = {
  http: [
    11200, 11201, 11202, 11203, 11205, 11206, 11210, 11215, 11216, 11217, 11220, 11235, 11236, 11237, 11750, 12100,
    12200, 12300,
  ],
  messaging: [30001, 30002, 30003, 30004, 30005, 30006, 30007, 30008, 30034, 21211, 21408, 21610, 21614, 21617],
  voice: [13214, 13223, 13224, 13225, 13227],
  sip: [32009, 32011, 32201],
  proxy: [
    80203, 80205, 80206, 80208, 80402, 80603, 80606, 80607, 80608, 80611, 80614, 80622, 80623, 80624, 80801, 80802,
    80901, 80902, 80904, 80908, 80911, 80913,
  ],
  conversations: [50407, 50408, 50409, 50413, 50417, 50425, 50433, 50437, 50438, 50441, 48001, 48028],
  whatsapp: [63003, 63007, 63013, 63015, 63016, 63018, 63024, 63032, 63038, 63049, 63051],
  functions: [82001, 82002, 82003, 82004, 82005, 82006, 82007, 82008, 82009],
  sinks: [...newerThanTheCatalogue, 93101, 93102, 93103, 93104],
  platform: [20003, 20404, 20429],
};

describe("the built-in packs", () => {
  test("have no mistakes, and every file is one of them", () => {
    expect(checkRulePacks(readBuiltInPacks())).toEqual([]);
    const files = readdirSync(new URL("../../../src/core/rules/packs", import.meta.url)).toSorted();
    expect(files).toEqual(builtInPackNames.map((name) => `${name}.yaml`).toSorted());
  });

  test("speak of codes Twilio knows, and of the newer ones listed here", () => {
    const unknown = codesWithRules(rules).filter((code) => catalogue.lookup(code) === null);
    expect(unknown).toEqual(newerThanTheCatalogue);
  });

  test("give every code one rule only", () => {
    const twice = codesWithRules(rules).filter((code) => rules.candidates(code).builtIn.length !== 1);
    expect(twice).toEqual([]);
  });

  test("cover the families users meet most, well over a hundred codes", () => {
    const missing = Object.values(families)
      .flat()
      .filter((code) => ruleOfCode(code, rules) === null);
    expect(missing).toEqual([]);
    expect(codesWithRules(rules).length).toBeGreaterThan(110);
  });

  test("say of every rule what it means, how bad it is and what to do first", () => {
    const poor = builtIn.filter(
      ({ meaning, severity, firstThing, product }) => !(meaning && severity && firstThing && product),
    );
    expect(poor.map(({ id }) => id)).toEqual([]);
  });

  test("mark sink failures as our own outage, and nothing else", () => {
    const marked = codesWithRules(rules).filter((code) => ruleOfCode(code, rules)?.ownOutage === true);
    expect(marked).toEqual(families.sinks.toSorted((a, b) => a - b));
  });

  test("silence nothing by themselves", () => {
    expect(builtIn.filter(({ silence }) => silence === true)).toEqual([]);
  });

  test("take an opt-out and a harmless race for what they are", () => {
    expect(ruleOfCode(21610, rules)?.severity).toBe("info");
    expect(ruleOfCode(50437, rules)?.severity).toBe("info");
  });
});

describe.each([
  {
    code: 80604,
    id: "proxy-identifier-in-use",
    severity: "warning",
    causes: ["reopened-session", "proxy-identifier-given", "pool-too-small", "concurrent-requests"],
    remedies: [
      "reopen-when-free",
      "add-numbers",
      "let-proxy-choose",
      "give-another-number",
      "fail-on-conflict",
      "drop-conflict-flag",
    ],
  },
  {
    code: 80903,
    id: "proxy-unknown-participant",
    severity: "warning",
    causes: ["participant-not-in-session", "identifier-mismatch", "participant-deleted"],
    remedies: [
      "list-participants",
      "create-participant",
      "correct-identifier",
      "new-session-after-removal",
      "configure-out-of-session-callback",
    ],
  },
  {
    code: 80905,
    id: "proxy-unknown-scenario",
    severity: "warning",
    causes: [
      "caller-not-in-open-session",
      "session-ended",
      "no-out-of-session-callback",
      "invalid-callback-response",
      "pairing-mismatch",
    ],
    remedies: [
      "check-number-service",
      "check-caller-participant",
      "create-session",
      "configure-out-of-session-callback",
      "fix-callback-response",
      "review-lifetime-and-pairing",
    ],
  },
  {
    code: 50416,
    id: "conversation-binding-exists",
    severity: "error",
    causes: ["added-twice", "no-lookup-before-create", "stale-binding"],
    remedies: [
      "look-up-first",
      "reuse-binding",
      "update-participant",
      "remove-participant",
      "close-conversation",
      "delete-conversation",
      "review-duplicate-adds",
      "handle-the-error",
      "staff-as-chat-participants",
      "number-per-customer",
    ],
  },
  {
    code: 48031,
    id: "frontline-conversation-exists",
    severity: "error",
    causes: ["other-user-engaged", "never-routed", "not-closed"],
    remedies: [
      "transfer-conversation",
      "user-closes-conversation",
      "add-asking-user",
      "remove-participant",
      "close-conversation",
      "delete-conversation",
      "use-another-proxy-address",
      "review-inbound-routing",
      "set-closing-timer",
    ],
  },
])("the rule of $code", ({ code, id, severity, causes, remedies }) => {
  const rule = ruleOfCode(code, rules);

  test("carries every documented cause and remedy under stable ids", () => {
    expect(rule).toMatchObject({ id, severity, diagnostician: id });
    expect(rule?.causes?.map((cause) => cause.id)).toEqual(causes);
    expect(rule?.remedies?.map((remedy) => remedy.id)).toEqual(remedies);
    expect(rule?.docsUrl).toBe(`https://www.twilio.com/docs/api/errors/${code}`);
  });

  test("gives each twilio-cli command as curl too, with credentials as shell variables", () => {
    for (const { id: remedy, command, curl } of rule?.remedies ?? []) {
      if (command !== undefined) expect(curl, remedy).toBeDefined();
      if (curl?.includes("twilio.com")) expect(curl, remedy).toContain('-u "$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN"');
    }
  });

  test("warns wherever a command ends or takes away something", () => {
    const drastic = (rule?.remedies ?? []).filter(({ curl = "" }) => /DELETE|=closed/.test(curl));
    expect(drastic.filter(({ interrupts }) => interrupts === undefined)).toEqual([]);
    expect(drastic.length > 0).toBe([80604, 50416, 48031].includes(code));
  });

  const seed = new URL(`../../../../shared/seeds/${code}.txt`, import.meta.url);
  test.skipIf(!existsSync(seed))("copies no sentence of the published page (needs ../shared)", () => {
    const words = (text: string) => text.toLowerCase().match(/[a-z0-9_]+/g) ?? [];
    const page = ` ${words(readFileSync(seed, "utf8")).join(" ")} `;
    const texts = [
      rule?.meaning ?? "",
      ...(rule?.causes ?? []).flatMap(({ text, tells }) => [text, ...Object.values(tells ?? {})]),
      ...(rule?.remedies ?? []).map(({ text }) => text),
    ];
    const copied = texts.flatMap((text) => {
      const own = words(text);
      const runs = own.map((_, index) => own.slice(index, index + 9)).filter((run) => run.length === 9);
      return runs.map((run) => run.join(" ")).filter((run) => page.includes(` ${run} `));
    });
    expect(copied).toEqual([]);
  });
});
