import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Source } from "../../src/core/event.ts";
import type { Answer } from "../../src/core/outcome.ts";
import type { Ingest } from "../../src/pipeline/ingest.ts";
import type { Delivery, HttpTelemetry, Log, Telemetry } from "../../src/pipeline/ports.ts";
import { createReceiveApp, type ReceiveParts } from "../../src/receive/app.ts";
import { type Listener, type ListenOptions, listen } from "../../src/receive/listen.ts";

/** The public port on a free port, with everything behind it in plain sight. */
export interface PublicPort {
  readonly url: string;
  readonly port: number;
  readonly listener: Listener;
  /** What reached ingest. */
  readonly delivered: Delivery[];
  /** What was counted, in order: source and reason, or `accepted`. */
  readonly counted: [source: Source | "none", outcome: string][];
  /** Everything that was logged, as text. */
  readonly logged: string[];
  stopping: boolean;
}

/** Starts a public port; closed when the test ends. */
export async function publicPort(
  options: Partial<
    Pick<
      ReceiveParts,
      "ingest" | "maxBodyBytes" | "heldBodyBytes" | "requestTimeoutMs" | "signatureRequired" | "tracing" | "refusals"
    > &
      Pick<ListenOptions, "maxConnections" | "headersTimeoutMs">
  > = {},
): Promise<PublicPort> {
  const delivered: Delivery[] = [];
  const counted: PublicPort["counted"] = [];
  const logged: string[] = [];
  const accept: Ingest = async () => ({ outcome: "accepted" });
  const ingest = options.ingest ?? accept;
  const here = { stopping: false };
  const handler = createReceiveApp({
    maxBodyBytes: 16 * 1024,
    requestTimeoutMs: 5_000,
    signatureRequired: true,
    ...options,
    ingest: (delivery) => {
      delivered.push(delivery);
      return ingest(delivery);
    },
    telemetry: { ...silentTelemetry, delivery: (source, answer) => counted.push([source, outcomeOf(answer)]) },
    clock: { now: () => new Date("2026-01-15T10:00:00.000Z") },
    log: recordingLog(logged),
    stopping: () => here.stopping,
  });
  const listener = await listen(handler, {
    host: "127.0.0.1",
    port: 0,
    headersTimeoutMs: options.headersTimeoutMs ?? 10_000,
    maxConnections: options.maxConnections ?? 100,
    onRefused: (reason) => counted.push(["none", reason]),
  });
  onTestFinished(() => listener.close(0));
  return Object.assign(here, {
    url: `http://127.0.0.1:${listener.port}`,
    port: listener.port,
    listener,
    delivered,
    counted,
    logged,
  });
}

const nothing = () => undefined;

const silentTelemetry: Telemetry & HttpTelemetry = {
  delivery: nothing,
  eventOutcome: nothing,
  eventRecorded: nothing,
  commitBatch: nothing,
  incidentTransition: nothing,
  diagnosis: nothing,
  jobTaken: nothing,
  httpServed: nothing,
  httpRequested: nothing,
  job: nothing,
  twilioRequest: nothing,
};

function recordingLog(lines: string[]): Log {
  const write = (fields: Record<string, unknown>, sentence: string) => {
    // With their values, whatever kind of thing they are.
    lines.push(`${sentence} ${Object.values(fields).map(String).join(" ")} ${JSON.stringify(fields)}`);
  };
  return { debug: write, info: write, warn: write, error: write };
}

function outcomeOf(answer: Answer): string {
  return answer.outcome === "accepted" ? "accepted" : answer.reason;
}

/** A connection on which a test writes bytes as it likes. */
export interface RawConnection {
  readonly socket: Socket;
  write(text: string | Buffer): void;
  /** Resolves to everything received once it fits, within 5 s. */
  received(pattern: RegExp): Promise<string>;
  /** Resolves when the server has closed its side. */
  readonly ended: Promise<unknown>;
}

export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  const ended = new Promise((resolve) => socket.once("end", resolve).once("close", resolve));
  socket.on("error", nothing);
  await once(socket, "connect");
  return {
    socket,
    ended,
    write: (bytes) => void socket.write(bytes),
    received: (pattern) =>
      until(
        () => (pattern.test(text) ? text : null),
        () => `${pattern} in ${JSON.stringify(text.slice(0, 500))}`,
      ),
  };
}

/** Waits until there is something, for 5 s at most. */
export async function until<T>(look: () => T | null, what: () => string): Promise<T> {
  const started = performance.now();
  for (;;) {
    const found = look();
    if (found !== null) return found;
    if (performance.now() - started > 5_000) throw new Error(`expected ${what()} within 5 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits for the counted outcomes to be these. */
export async function expectCounted(port: PublicPort, expected: PublicPort["counted"]): Promise<void> {
  await until(
    () => (JSON.stringify(port.counted) === JSON.stringify(expected) ? true : null),
    () => `counted ${JSON.stringify(expected)}, got ${JSON.stringify(port.counted)}`,
  );
}

export const formType = "application/x-www-form-urlencoded";
export const debuggerUrl = "/twilio/debugger";

/** A request head as text. */
export function head(method: string, target: string, headers: Record<string, string>): string {
  const lines = Object.entries({ Host: "localhost", ...headers }).map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${target} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`;
}
