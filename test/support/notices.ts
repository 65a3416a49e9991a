import { afterEach, expect } from "vitest";
import type { Backend, BackendKind } from "./backends.ts";
import { deliver, webhookParcel } from "./deliver.ts";
import type { Faultline } from "./faultline.ts";
import { type Everyone, startEveryone } from "./receivers/everyone.ts";
import type { Received } from "./receivers/server.ts";

/** What stands around the processes under test. */
export interface Surroundings {
  /** A server that ends with the test. */
  started<T extends { stop(): Promise<void> }>(server: Promise<T>): Promise<T>;
  /** A backend that is disposed of after the servers. */
  open(kind: BackendKind): Promise<Backend>;
  /** A double of every kind of receiver. */
  everyone(): Promise<Everyone>;
}

/**
 * Gives a test file servers around its processes; all end with the test that started them. To be called before
 * useFaultlines(): what is set up last is ended first.
 */
export function useSurroundings(): Surroundings {
  const servers: { stop(): Promise<void> }[] = [];
  const backends: Backend[] = [];

  async function started<T extends { stop(): Promise<void> }>(server: Promise<T>): Promise<T> {
    const running = await server;
    servers.push(running);
    return running;
  }

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await Promise.all(backends.splice(0).map((backend) => backend.dispose()));
  });

  return {
    started,
    async open(kind) {
      const backend = await kind.open();
      backends.push(backend);
      return backend;
    },
    everyone: () => started(startEveryone()),
  };
}

/** Delivers events by the Debugger webhook; each must be taken. */
export async function report(faultline: Faultline, ...parcels: Parameters<typeof webhookParcel>[]): Promise<void> {
  for (const parcel of parcels) {
    expect((await deliver(faultline.publicPort, webhookParcel(...parcel))).status).toBe(204);
  }
}

/** A receiver as the API shows it. */
export interface ReceiverLine {
  readonly name: string;
  readonly state: string;
  readonly pending: number;
  readonly lastFailureReason: string | null;
}

/** What the API says of the receivers. */
export async function receiverLines(faultline: Faultline): Promise<ReceiverLine[]> {
  const answer = await faultline.get("/api/v1/receivers");
  return ((await answer.json()) as { receivers: ReceiverLine[] }).receivers;
}

/** Whether every notice has gone out or been given up. */
export async function nothingPending(faultline: Faultline): Promise<boolean> {
  return (await receiverLines(faultline)).every(({ pending }) => pending === 0);
}

/** After a refused request none may come before the time that was asked for. */
export function expectPatience(received: readonly Received[], waitMs: number): void {
  for (const [index, { at, status }] of received.entries()) {
    const next = received[index + 1];
    if (status === 429 && next !== undefined) {
      expect(next.at - at, `request ${index + 2}`).toBeGreaterThanOrEqual(waitMs);
    }
  }
}
