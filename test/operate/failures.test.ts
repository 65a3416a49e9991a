import { describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../src/pipeline/ports.ts";
import { bodyOf, recordOf, serve } from "./fakes.ts";

/*
 * Whatever breaks behind the private port, its answers tell nothing of where and how.
 */

/** A failure as a driver throws it, its words full of what nobody should see. */
class DriverError extends Error {
  readonly detail = "Key (sid)=(+15555550100) at /srv/secret/place.ts:12";
  constructor() {
    super("connect ECONNREFUSED postgres://faultline:hunter2@db/x\n    at query (/srv/secret/place.ts:12:3)");
  }
}

const fail = async (): Promise<never> => {
  throw new DriverError();
};

const failing = { incidents: fail, incident: fail, events: fail, diagnoses: fail, quarantine: fail } as const;
const paths = [
  "/metrics",
  "/readyz",
  "/api/v1/incidents",
  "/api/v1/incidents/inc_1",
  "/api/v1/events",
  "/api/v1/quarantine",
];

describe("an unforeseen failure", () => {
  it.each(paths)("of %s is told as a 5xx without a word of it", async (path) => {
    await using server = await serve({
      reader: { ...recordOf({}), ...failing },
      renderMetrics: fail,
      readiness: fail,
    });
    const response = await server.get(path);
    expect(response.status).toBeGreaterThanOrEqual(500);
    const text = await response.text();
    expect(text).not.toMatch(/hunter2|ECONNREFUSED|5555550100|place\.ts|\n?\s+at |DriverError|postgres/);
    expect([...response.headers.values()].join("\n")).not.toMatch(/hunter2|place\.ts/);
    // The next one is served all the same.
    expect((await server.get("/livez")).status).toBe(200);
  });

  it("of the database is a 503 that says when to come again", async () => {
    const away = async (): Promise<never> => {
      throw new StoreUnavailable("database_unavailable", { cause: new DriverError() });
    };
    await using server = await serve({ reader: { ...recordOf({}), incidents: away } });
    const response = await server.get("/api/v1/incidents");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(JSON.stringify(await bodyOf(response))).not.toMatch(/hunter2|place\.ts/);
  });

  it("of a thing that is no error is told as any other", async () => {
    await using server = await serve({
      renderMetrics: async () => {
        // Some libraries do.
        throw "hunter2 at /srv/secret/place.ts:12:3";
      },
    });
    const response = await server.get("/metrics");
    expect([response.status, /hunter2|place/.test(await response.text())]).toEqual([500, false]);
  });
});
