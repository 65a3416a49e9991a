import { loadCatalogue } from "../../src/core/catalogue.ts";
import { compileRules } from "../../src/core/rules/match.ts";
import { createSeal } from "../../src/core/seal.ts";
import { createIngest } from "../../src/pipeline/ingest.ts";
import type { Delivery, Telemetry } from "../../src/pipeline/ports.ts";
import { loadBuiltInRules } from "../../src/rule-packs.ts";
import { planted } from "./canaries.ts";
import { seeds, trees } from "./corpus.ts";
import type { Dice } from "./dice.ts";
import { mutated } from "./mutate.ts";
import { redactionTarget } from "./redaction.ts";
import { rulesTarget } from "./rules.ts";
import { signatureTarget } from "./signature.ts";
import { capturingStore, faultIn } from "./stored.ts";
import { jsonText, reshaped } from "./trees.ts";

/** One input, and whether private things were put into it in places where they must be found. */
export interface Case {
  readonly input: Buffer;
  readonly hasCanary: boolean;
}

/** Something that reads what strangers write. */
export interface Target {
  readonly name: string;
  /** What mutations start from. Inputs that reached something new are added while fuzzing. */
  readonly corpus: Buffer[];
  make(dice: Dice): Case;
  /** The longest a case may take, in milliseconds, where it is not 50. */
  readonly slowMs?: number;
  /** Reads the input; what is wrong with what came of it, or null. */
  run(made: Case): string | null | Promise<string | null>;
}

const receivedAt = new Date("2026-01-15T10:00:00.000Z");
const nothing = () => undefined;
const telemetry: Telemetry = {
  delivery: nothing,
  eventOutcome: nothing,
  eventRecorded: nothing,
  commitBatch: nothing,
  incidentTransition: nothing,
  diagnosis: nothing,
  jobTaken: nothing,
  job: nothing,
  twilioRequest: nothing,
};

/** A way in, from the bytes of a body to what would be stored: parser, redaction, rules, fingerprint, seal. */
function delivered(
  name: string,
  source: Delivery["source"],
  bodyType: Delivery["bodyType"],
  corpus: readonly Buffer[],
  encode: (payload: string, dice: Dice) => string,
): Target {
  const store = capturingStore();
  const ingest = createIngest({
    trust: { publicUrl: "https://hooks.example.com", tokensByAccount: new Map(), allowUnsigned: true },
    rules: compileRules([], loadBuiltInRules(), loadCatalogue()),
    quietPeriodMs: 1_800_000,
    // Not random: the same seed is to do the same.
    seal: createSeal("fuzz", (bytes) => Buffer.alloc(bytes)),
    store,
    dispatch: nothing,
    telemetry,
  });
  const own = [...corpus];
  return {
    name,
    corpus: own,
    make(dice) {
      if (dice.once(2)) return { input: mutated(dice.pick(own), dice, own), hasCanary: false };
      const tree = planted(reshaped(dice.pick(trees), dice), dice);
      return { input: Buffer.from(encode(jsonText(tree, dice), dice)), hasCanary: true };
    },
    async run({ input, hasCanary }) {
      const answer = await ingest({ source, bodyType, target: "/", signature: null, body: input, receivedAt });
      const fault = faultIn(store.drain(), hasCanary);
      if (fault !== null) return fault;
      const refused = answer.outcome === "rejected" && answer.reason !== "too_many_fields";
      return refused ? `answered ${JSON.stringify(answer)}` : null;
    },
  };
}

const account = `AC${"a".repeat(32)}`;

function debuggerBody(payload: string, dice: Dice): string {
  const value = dice.once(2) ? encodeURIComponent(payload) : new URLSearchParams({ v: payload }).toString().slice(2);
  const spelled = dice.once(3) ? value.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()) : value;
  const head = dice.once(6) ? "" : `AccountSid=${account}&`;
  return `${head}Sid=NO${dice.int(1e9)}&Level=${dice.pick(["ERROR", "WARNING", "%00", ""])}&Payload=${spelled}&PayloadType=application%2Fjson`;
}

function streamBody(payload: string, dice: Dice): string {
  const text = dice.once(2) ? payload : JSON.stringify(payload);
  const data = `{"account_sid":"${dice.once(6) ? "" : account}","error_code":"80604","level":"ERROR","payload":${text}}`;
  const whole = dice.once(3) ? JSON.stringify(data) : data;
  const entry = `{"type":"com.twilio.error-logs.error.logged","source":"${account}","id":"x${dice.int(1e9)}","data":${whole}}`;
  return dice.once(4) ? entry : `[${entry},${entry}]`;
}

/** Everything that is fuzzed. */
export const targets: readonly Target[] = [
  delivered("debugger", "debugger", "form", seeds.debugger, debuggerBody),
  delivered("event streams", "event_streams", "json", seeds.stream, streamBody),
  delivered(
    "alarm form",
    "alarm",
    "form",
    seeds.alarmForm,
    (payload, dice) => `AccountSid=${account}&ErrorCode=${dice.int(99_999)}&Parameters=${encodeURIComponent(payload)}`,
  ),
  delivered("alarm JSON", "alarm", "json", seeds.alarmJson, (payload) => payload),
  signatureTarget([...seeds.debugger, ...seeds.stream]),
  rulesTarget(seeds.rules),
  redactionTarget([...seeds.text, ...seeds.debugger, ...seeds.stream]),
];
