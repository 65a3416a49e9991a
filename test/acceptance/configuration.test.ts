import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deliver, webhookParcel } from "../support/deliver.ts";
import { account, baseEnvironment, useFaultlines } from "../support/faultline.ts";
import { errorEvent } from "../support/sign.ts";

const faultlines = useFaultlines();
const secrets = ["tOpSecretTok3n", "s3cretPassw0rd", "sk-verysecret"];

/** Starts what must not start; its exit code and everything it said. */
async function refusedStart(
  env: Record<string, string>,
  config?: string,
): Promise<{ exitCode: number | null; said: string }> {
  const folder = faultlines.folder();
  const file = join(folder, "faultline.yaml");
  if (config !== undefined) writeFileSync(file, config);
  const all = { ...baseEnvironment(folder), ...(config === undefined ? {} : { FAULTLINE_CONFIG: file }), ...env };
  const { exitCode, stdout, stderr } = await faultlines.run(["serve"], all);
  return { exitCode, said: stdout + stderr };
}

describe("a wrong configuration", () => {
  test("stops the start with exit code 2 and every mistake: expected, got, how to fix; never a secret", async () => {
    const { exitCode, said } = await refusedStart(
      {
        PORT: "eighty",
        ADMIN_PORT: "70000",
        PUBLIC_URL: "faultline.example.com",
        TWILIO_ACCOUNT_SID: "AC123",
        TWILIO_AUTH_TOKEN: "tOpSecretTok3n",
        DATABASE_URL: "mysql://root:s3cretPassw0rd@db/x",
        REDIS_URL: "http://:s3cretPassw0rd@redis",
        INCIDENT_QUIET_PERIOD: "soon",
        BODY_LIMIT: "huge",
        LOG_LEVEL: "loud",
        RETENTION_DAYS: "0",
        TWILIO_API_KEY: "sk-verysecret",
        ADMIN_TOKEN_FILE: "/nowhere/token",
      },
      "acounts: []\nrules:\n  - id: Mine\n    match: { code: eighty }\n    severity: loud\n",
    );
    expect(exitCode).toBe(2);
    const lines = said.trim().split("\n");
    const names = ["PORT", "ADMIN_PORT", "PUBLIC_URL", "TWILIO_ACCOUNT_SID", "DATABASE_URL", "REDIS_URL"];
    names.push(
      "INCIDENT_QUIET_PERIOD",
      "BODY_LIMIT",
      "LOG_LEVEL",
      "RETENTION_DAYS",
      "TWILIO_API_SECRET",
      "ADMIN_TOKEN_FILE",
    );
    for (const name of names) {
      const [line = `(no line about ${name})`] = lines.filter((each) => each.trim().startsWith(`${name}:`));
      expect(line).toMatch(/expected .+, got .+ Fix: .+/);
    }
    const fromFile = lines.filter((line) => line.includes("faultline.yaml"));
    for (const field of ["acounts", "severity", "code", "id"]) {
      expect(
        fromFile.filter((line) => line.includes(field)),
        `a line about ${field}`,
      ).not.toEqual([]);
    }
    expect(
      fromFile.some((line) => /faultline\.yaml:\d+ /.test(line)),
      "a line number",
    ).toBe(true);
    expect(lines[0]).toBe(`The configuration has ${lines.length - 1} mistakes:`);
    for (const secret of secrets) expect(said).not.toContain(secret);
    expect(said, "no stack trace").not.toContain("    at ");
  });

  test("the private port beyond this machine without a token is refused", async () => {
    const { exitCode, said } = await refusedStart({ ADMIN_HOST: "0.0.0.0" });
    expect(exitCode).toBe(2);
    expect(said).toMatch(/ADMIN_TOKEN: expected .+, got ADMIN_HOST=0\.0\.0\.0 without ADMIN_TOKEN\. Fix: /);
  });

  test("a port in use is named, with the fix", async () => {
    const occupier = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => occupier.once("listening", resolve));
    const { port } = occupier.address() as AddressInfo;
    const { exitCode, said } = await refusedStart({ PORT: String(port) });
    const other = await refusedStart({ ADMIN_PORT: String(port) });
    await new Promise((resolve) => occupier.close(resolve));
    expect([exitCode, other.exitCode]).toEqual([1, 1]);
    expect(said).toContain(
      `expected to listen on 127.0.0.1:${port}, got EADDRINUSE. Fix: free that port, or set PORT to another.`,
    );
    expect(other.said).toContain("set ADMIN_PORT to another");
  });

  test("a database that is not there is named without its password", async () => {
    const { exitCode, said } = await refusedStart({
      DATABASE_URL: "postgres://faultline:s3cretPassw0rd@127.0.0.1:9/faultline",
    });
    expect(exitCode).toBe(1);
    expect(said).toContain("ECONNREFUSED");
    for (const secret of secrets) expect(said).not.toContain(secret);
  });

  test("a second process on one DATA_DIR is told who has it, and the first goes on", async () => {
    const dataDir = join(faultlines.folder(), "data");
    const first = await faultlines.start({ DATA_DIR: dataDir });
    const { exitCode, said } = await refusedStart({ DATA_DIR: dataDir });
    expect(exitCode).toBe(1);
    expect(said).toContain(`in use by process ${first.pid}`);
    expect(said).toMatch(/choose another DATA_DIR, or set DATABASE_URL/);
    const reply = await deliver(first.publicPort, webhookParcel(errorEvent({ code: 80604 })));
    expect(reply.status).toBe(204);
    await first.stop();
  });
});

describe("trust", () => {
  const unsigned = { ...webhookParcel(errorEvent({ code: 80604 })) };
  const { "x-twilio-signature": _, ...headers } = unsigned.headers;
  const noToken = { TWILIO_ACCOUNT_SID: "", TWILIO_AUTH_TOKEN: "", PUBLIC_URL: "" };

  test("without any token and on this machine only, unsigned deliveries are taken, with a loud warning", async () => {
    const faultline = await faultlines.start(noToken);
    const reply = await deliver(faultline.publicPort, { ...unsigned, headers });
    expect(reply.status).toBe(204);
    expect((await faultline.events()).length).toBe(1);
    const warnings = faultline.logs().filter(({ level }) => level === "warn");
    expect(warnings.map(({ msg }) => msg)).toContainEqual(expect.stringContaining("NO AUTH TOKEN"));
    await faultline.stop();
  });

  test.for([
    ["a token is set", { PUBLIC_URL: "" }],
    ["others can reach the port", { ...noToken, HOST: "0.0.0.0" }],
    ["a public address is set", { ...noToken, PUBLIC_URL: "https://faultline.example.com" }],
  ] as const)("unsigned deliveries are refused when %s", async ([, env]) => {
    const faultline = await faultlines.start(env);
    const reply = await deliver(faultline.publicPort, { ...unsigned, headers });
    expect(reply.status).toBe(401);
    expect((await faultline.events()).length).toBe(0);
    await faultline.stop();
  });

  test("secrets come from files, several tokens while rotating, and none of them is ever said", async () => {
    const folder = faultlines.folder();
    const files = { token: join(folder, "token"), admin: join(folder, "admin") };
    writeFileSync(files.token, `tOpSecretTok3n, ${account.token}\n`);
    writeFileSync(files.admin, "s3cretPassw0rd\n");
    const env = { TWILIO_AUTH_TOKEN: "", TWILIO_AUTH_TOKEN_FILE: files.token, LOG_LEVEL: "debug" };
    const faultline = await faultlines.start(env);
    const by = (token: string) => ({ token, publicUrl: "https://faultline.example.com" });
    const statuses = await Promise.all(
      ["tOpSecretTok3n", account.token, "another"].map(async (token, index) => {
        return (await deliver(faultline.publicPort, webhookParcel(errorEvent({ code: 80604 }, index + 1), by(token))))
          .status;
      }),
    );
    expect(statuses).toEqual([204, 204, 403]);
    await faultline.stop();
    for (const secret of [readFileSync(files.token, "utf8").split(",")[0] ?? "", account.token]) {
      expect(faultline.output()).not.toContain(secret);
    }
  });

  test("with ADMIN_TOKEN everything on the private port but health asks for it", async () => {
    const file = join(faultlines.folder(), "admin");
    writeFileSync(file, "s3cretPassw0rd\n");
    const faultline = await faultlines.start({ ADMIN_TOKEN_FILE: file });
    const status = async (path: string, authorization?: string) => {
      const init = authorization === undefined ? {} : { headers: { authorization } };
      return (await fetch(faultline.adminUrl + path, init)).status;
    };
    expect([await status("/livez"), await status("/readyz")]).toEqual([200, 200]);
    for (const path of ["/metrics", "/api/v1/incidents", "/api/v1/openapi.json"]) {
      const basic = `Basic ${Buffer.from("anyone:s3cretPassw0rd").toString("base64")}`;
      const asked = await Promise.all(
        [undefined, "Bearer wrong", "Bearer s3cretPassw0rd", basic].map((auth) => status(path, auth)),
      );
      expect(asked, path).toEqual([401, 401, 200, 200]);
    }
    await faultline.stop();
    expect(faultline.output()).not.toContain("s3cretPassw0rd");
  });
});
