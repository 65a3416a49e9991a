import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../src/store/database.ts";
import { createEventStore } from "../../src/store/event-store.ts";
import { configOf } from "../config/read.ts";
import { type Certificates, makeCertificates, opensslAvailable } from "../support/certificates.ts";
import { postgresPrograms, startPostgres } from "../support/postgres.ts";
import { classifiedEvent, silentLog } from "../support/store.ts";

/*
 * PostgreSQL that speaks TLS only.
 */

const isAvailable = postgresPrograms() !== null && opensslAvailable();

describe.skipIf(!isAvailable)("PostgreSQL with TLS (skipped unless it and openssl are installed)", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "faultline-test-data-"));
  let tls: Certificates;
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    tls = makeCertificates();
    server = await startPostgres({ tls });
  });
  afterAll(async () => {
    await server?.remove();
    tls?.remove();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** The server's URL with other parameters. */
  function urlWith(params: string): string {
    const url = new URL(server.url);
    url.search = params;
    return url.toString();
  }

  /** What a start would connect to. */
  function configured(env: Record<string, string>): string {
    return configOf({ env, files: { [tls.caFile]: tls.ca } }).databaseUrl?.reveal() ?? "";
  }

  const trusted: [how: string, url: () => string][] = [
    ["DATABASE_CA_FILE", () => configured({ DATABASE_URL: urlWith(""), DATABASE_CA_FILE: tls.caFile })],
    ["sslmode and sslrootcert in DATABASE_URL", () => urlWith(`sslmode=verify-full&sslrootcert=${tls.caFile}`)],
  ];
  test.each(trusted)("is checked by %s: record and queue are encrypted", async (_how, url) => {
    const database = await openDatabase({ databaseUrl: url(), dataDir, log: silentLog });
    onTestFinished(() => database.close());
    const store = createEventStore(database, { log: silentLog, telemetry: { commitBatch: () => undefined } });
    expect(await store.record([classifiedEvent()])).toMatchObject([{ outcome: "recorded" }]);
    for (const pool of [database.pool, database.queuePool()]) {
      const { rows } = await pool.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
      expect(rows).toEqual([{ ssl: true }]);
    }
  });

  const refused: [what: string, params: string, why: RegExp][] = [
    [
      "no certificate authority",
      "sslmode=verify-full",
      /self-signed certificate in certificate chain|unable to verify/,
    ],
    ["no TLS", "", /no pg_hba\.conf entry .* no encryption/],
  ];
  test.each(refused)("is refused with %s, and why is said", async (_what, params, why) => {
    const opening = openDatabase({ databaseUrl: urlWith(params), dataDir, log: silentLog });
    await expect(opening).rejects.toThrow(why);
    await expect(opening).rejects.toThrow(/^database: expected PostgreSQL to answer, got .*; check DATABASE_URL/);
  });

  test("is refused under a name that is not in its certificate", async () => {
    const other = makeCertificates("DNS:elsewhere.example.com");
    const impostor = await startPostgres({ tls: other });
    onTestFinished(async () => {
      await impostor.remove();
      other.remove();
    });
    const url = new URL(impostor.url);
    url.search = `sslmode=verify-full&sslrootcert=${other.caFile}`;
    const opening = openDatabase({ databaseUrl: url.toString(), dataDir, log: silentLog });
    await expect(opening).rejects.toThrow(/IP: 127\.0\.0\.1 is not in the cert's list/);
  });
});
