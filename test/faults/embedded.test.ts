import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { baseEnvironment, useFaultlines } from "../support/faultline.ts";
import { useSurroundings } from "../support/notices.ts";
import { until } from "../support/until.ts";
import { readinessOf, strike } from "./fault.ts";
import { roundMs, rounds, settleMs } from "./settings.ts";
import { embeddedSite } from "./site.ts";

/*
 * What happens to the folder of the embedded database.
 */

const surroundings = useSurroundings();
const builder = { surroundings, faultlines: useFaultlines() };
const { faultlines } = builder;

test(
  "two processes on one folder: the second one refuses, the first one goes on",
  async (context) => {
    const dataDir = join(faultlines.folder(), "data");
    const site = await embeddedSite(builder, dataDir);
    await strike(context, site, {
      name: "two processes on one folder",
      rounds: Math.min(rounds, 5),
      strike: async ({ ended }) => {
        const second = await faultlines.run(["serve"], { ...baseEnvironment(faultlines.folder()), DATA_DIR: dataDir });
        expect(second.exitCode).toBe(1);
        expect(second.stdout).toContain(`in use by process ${site.ingest.now().pid}`);
        ended();
      },
      afterwards: async (flow) => expect([...flow.answers.keys()]).toEqual(["204"]),
    });
  },
  rounds * roundMs + settleMs,
);

/** What PostgreSQL writes for itself whenever it opens a database: its state, its log, a cache of its catalogue. None is data. */
const keptByPostgres = /^pgdata\/(global\/pg_control|pg_wal\/\w+|(global|base\/\d+)\/pg_internal\.init)$/;

/** What may befall a file. */
const damages: readonly (readonly [string, (pgdata: string) => void])[] = [
  ["control file overwritten", (pgdata) => writeFileSync(join(pgdata, "global/pg_control"), Buffer.alloc(8192, 0x5a))],
  ["control file gone", (pgdata) => rmSync(join(pgdata, "global/pg_control"))],
  ["version file gone", (pgdata) => rmSync(join(pgdata, "PG_VERSION"))],
  ["catalogue cut short", (pgdata) => truncateSync(join(pgdata, "global/1262"), 0)],
  [
    "a file in its place",
    (pgdata) => {
      rmSync(pgdata, { recursive: true });
      writeFileSync(pgdata, "not a folder");
    },
  ],
];

test(
  "a damaged folder: the start says so and leaves it as it is; a copy put back has everything",
  async (context) => {
    const dataDir = join(faultlines.folder(), "data");
    const copy = join(faultlines.folder(), "copy");
    const site = await embeddedSite(builder, dataDir);
    await strike(context, site, {
      name: "damaged folder, copy put back",
      rounds: 1,
      breaksConnections: true,
      strike: async ({ ended }) => {
        await site.ingest.stop();
        cpSync(dataDir, copy, { recursive: true });
        for (const [what, damage] of damages) {
          damage(join(dataDir, "pgdata"));
          const before = filesOf(dataDir);
          const failed = await faultlines.run(["serve"], {
            ...baseEnvironment(faultlines.folder()),
            DATA_DIR: dataDir,
          });
          expect([what, failed.exitCode]).toEqual([what, 1]);
          expect(failed.stdout, what).toMatch(/DATA_DIR: expected a database of this version in .*; restore a copy/);
          const after = filesOf(dataDir);
          expect(
            [...before].filter(([path, hash]) => after.get(path) !== hash && !keptByPostgres.test(path)),
            `${what}: files changed`,
          ).toEqual([]);
          rmSync(dataDir, { recursive: true });
          cpSync(copy, dataDir, { recursive: true });
        }
        ended();
        await site.ingest.start();
      },
    });
  },
  damages.length * roundMs + settleMs,
);

test.skipIf(!canMount())(
  "disk full (where a file system can be mounted): 503 until there is room again, nothing lost",
  async (context) => {
    const disk = await surroundings.started(smallDisk());
    const site = await embeddedSite(builder, join(disk.path, "data"));
    await strike(context, site, {
      name: "disk full",
      rounds: Math.min(rounds, 3),
      breaksConnections: true,
      strike: async ({ flow, ended }) => {
        const refused = () =>
          [...flow.answers].reduce((sum, [answer, times]) => (answer === "204" ? sum : sum + times), 0);
        const before = refused();
        disk.fill();
        await until("deliveries to be refused", 60_000, () => refused() > before + 5);
        await until(
          "/readyz to say so",
          5_000,
          async () => !site.ingest.now().alive || (await readinessOf(site.ingest.now())).status === 503,
        );
        await wait(5_000);
        disk.free();
        ended();
        // Where the database gave up, the process has ended, and is started again as by a supervisor.
        if (!site.ingest.now().alive) await site.ingest.start();
      },
    });
  },
  3 * (roundMs + 60_000) + settleMs,
);

/** Hash of every file, by its path. The lock is a sign of life, not data. */
function filesOf(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path !== "lock");
  return new Map(
    paths
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [
        path,
        createHash("sha256")
          .update(readFileSync(join(folder, path)))
          .digest("hex"),
      ]),
  );
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const path = mkdtempSync(join(tmpdir(), "faultline-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "ignore" });
    execFileSync("umount", [path]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** A disk with room for a database and little more. */
async function smallDisk() {
  const path = mkdtempSync(join(tmpdir(), "faultline-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256m", "tmpfs", path]);
  const filler = join(path, "filler");
  return {
    path,
    /** Leaves no room. */
    fill() {
      try {
        writeFileSync(filler, Buffer.alloc(300 * 1024 * 1024));
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      }
    },
    free: () => rmSync(filler),
    async stop() {
      execFileSync("umount", ["-l", path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
